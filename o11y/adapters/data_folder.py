"""The data folder belongs to one process: an advisory lock that dies with its holder."""

import fcntl
import os
from pathlib import Path

from o11y.worker.ports import FolderTaken


class DataFolder:
    """Holds ``o11y.lock`` in the folder, with the owner's process id in it for whoever is refused."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def own(cls, path: Path) -> "DataFolder":
        """Make the folder if need be (mode 0700) and own it. Raises ``FolderTaken`` naming folder and owner."""
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path / "o11y.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(descriptor, 64).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise FolderTaken(f"the data folder {path.resolve()} belongs to a running o11y, process {owner}") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(path, descriptor)

    def release(self) -> None:
        os.close(self._descriptor)
