"""How many rows the file must hold: a number beside it, so that rows which vanish without a trace are missed.

SQLite takes a log that was cut, or whose tail is damaged, for a commit that a crash interrupted: the file is sound
and simply older. So the count is kept apart. It is raised after a commit and lowered before a removal, and thus never
above what is on the disk, wherever the process is killed. It costs one write into the page cache and no fsync. After
a power cut the two may disagree, so a tally counts only in the boot that wrote it, or after an orderly close.
"""

import os
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from o11y.worker.ports import BatchKind

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FORMAT = struct.Struct("<8s36sqq")
_MAGIC = b"o11y-t1\n"
_CRC = struct.Struct("<I")
_ANY_BOOT = b"-" * 36
_NO_BOOT = b"?" * 36  # where the system does not say; never trusted


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of events, and of the alert history; batches set aside included."""

    events: int = 0
    history: int = 0

    def plus(self, kind: BatchKind, rows: int) -> "Count":
        if kind is BatchKind.EVENTS:
            return Count(self.events + rows, self.history)
        return Count(self.events, self.history + rows)


class Tally:
    """Open for the life of the spool. An error of the disk makes it worth nothing, and is no error of the spool."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._boot = _boot_id()
        self.count = Count()

    def expected(self) -> Count | None:
        """What was noted last; None when nothing was, or nothing that still counts."""
        noted = os.pread(self._descriptor, _FORMAT.size + _CRC.size, 0)
        if len(noted) < _FORMAT.size + _CRC.size:
            return None
        body, (crc32,) = noted[: _FORMAT.size], _CRC.unpack(noted[_FORMAT.size :])
        magic, boot, events, history = _FORMAT.unpack(body)
        if zlib.crc32(body) != crc32 or magic != _MAGIC or boot == _NO_BOOT or boot not in (self._boot, _ANY_BOOT):
            return None
        return Count(events, history)

    def set(self, count: Count) -> None:
        self.count = count
        self._note(self._boot)

    def add(self, kind: BatchKind, rows: int) -> None:
        """After the commit of new rows; with a negative number before one that removes them."""
        self.set(self.count.plus(kind, rows))

    def close(self) -> None:
        """Orderly: what is noted now counts whatever happens to the machine."""
        self._note(_ANY_BOOT)
        with suppress(OSError):
            os.fsync(self._descriptor)
        self.abandon()

    def abandon(self) -> None:
        """As a kill would leave it."""
        os.close(self._descriptor)

    def _note(self, boot: bytes) -> None:
        body = _FORMAT.pack(_MAGIC, boot, self.count.events, self.count.history)
        try:
            os.pwrite(self._descriptor, body + _CRC.pack(zlib.crc32(body)), 0)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)


def _boot_id() -> bytes:
    try:
        return _BOOT_ID.read_bytes().strip()[:36].ljust(36)
    except OSError:
        return _NO_BOOT
