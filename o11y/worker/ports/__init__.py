"""What the worker needs of the outside world. Adapters implement these; tests have one fake for each."""

from collections.abc import Callable
from datetime import datetime

from o11y.worker.ports.delivery import (
    LONGEST_PAUSE_S,
    Kept,
    Notifier,
    NotifyError,
    Outbox,
    OutboxEntry,
    RecommendedModels,
)
from o11y.worker.ports.heartbeat import Heartbeat, HeartbeatError
from o11y.worker.ports.incidents import Acknowledgement, IncidentStore, Receipt, VolumeStore
from o11y.worker.ports.memory import MemoryLost, MemoryStore, TickLease, Watermarks
from o11y.worker.ports.silences import SilenceStore, TooManySilences
from o11y.worker.ports.sink import EventSink, NoSink
from o11y.worker.ports.spool import (
    AsideBatch,
    BatchKind,
    FolderTaken,
    Spool,
    SpoolBatch,
    SpoolDepth,
    SpoolFull,
    SpoolLoss,
    StoredEvent,
)
from o11y.worker.ports.stores import (
    BaselineStore,
    BatchState,
    ColourStore,
    CountStore,
    EventStore,
    HistoryStore,
    StoreError,
)

__all__ = [
    "LONGEST_PAUSE_S",
    "Acknowledgement",
    "AsideBatch",
    "BaselineStore",
    "BatchKind",
    "BatchState",
    "Clock",
    "ColourStore",
    "CountStore",
    "EventSink",
    "EventStore",
    "FolderTaken",
    "Heartbeat",
    "HeartbeatError",
    "HistoryStore",
    "IncidentStore",
    "Kept",
    "MemoryLost",
    "MemoryStore",
    "NoSink",
    "Notifier",
    "NotifyError",
    "Outbox",
    "OutboxEntry",
    "Receipt",
    "RecommendedModels",
    "SilenceStore",
    "Spool",
    "SpoolBatch",
    "SpoolDepth",
    "SpoolFull",
    "SpoolLoss",
    "StoreError",
    "StoredEvent",
    "TickLease",
    "TooManySilences",
    "VolumeStore",
    "Watermarks",
]

#: the present moment, time-zone aware UTC; only the composition root asks the real clock
Clock = Callable[[], datetime]
