"""What the worker needs of the outside world. Adapters implement these; tests have one fake for each."""

from collections.abc import Callable
from datetime import datetime

from o11y.worker.ports.delivery import LONGEST_PAUSE_S, Notifier, NotifyError, Outbox, OutboxEntry, RecommendedModels
from o11y.worker.ports.memory import AlertMemory, MemoryLost, MemoryStore, TickLease, ToldAlert, Watermarks
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
from o11y.worker.ports.stores import BatchState, ColourStore, CountStore, EventStore, HistoryStore, StoreError

__all__ = [
    "LONGEST_PAUSE_S",
    "AlertMemory",
    "AsideBatch",
    "BatchKind",
    "BatchState",
    "Clock",
    "ColourStore",
    "CountStore",
    "EventSink",
    "EventStore",
    "FolderTaken",
    "HistoryStore",
    "MemoryLost",
    "MemoryStore",
    "NoSink",
    "Notifier",
    "NotifyError",
    "Outbox",
    "OutboxEntry",
    "RecommendedModels",
    "Spool",
    "SpoolBatch",
    "SpoolDepth",
    "SpoolFull",
    "SpoolLoss",
    "StoreError",
    "StoredEvent",
    "TickLease",
    "ToldAlert",
    "Watermarks",
]

#: the present moment, time-zone aware UTC; only the composition root asks the real clock
Clock = Callable[[], datetime]
