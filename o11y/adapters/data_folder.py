"""The data folder belongs to one process, for as long as that lives."""

import os
from pathlib import Path

from o11y.adapters.owned import Taken, take
from o11y.worker.ports import FolderTaken


class DataFolder:
    """Holds ``o11y.lock`` in the folder, with the owner in it for whoever is refused."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def own(cls, path: Path) -> "DataFolder":
        """Make the folder if need be (mode 0700) and own it. Raises ``FolderTaken`` naming folder and owner."""
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return cls(path, take(path / "o11y.lock"))
        except Taken as taken:
            raise FolderTaken(
                f"the data folder {path.resolve()} belongs to a running o11y, {taken}; "
                "stop it, or set O11Y_DATA_DIR to another folder"
            ) from None

    def release(self) -> None:
        os.close(self._descriptor)
