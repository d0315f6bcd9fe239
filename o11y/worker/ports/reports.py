"""Redis: which replica makes a report, and whether it was made."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Turn(StrEnum):
    MINE = "mine"  # for a while: whoever holds it and dies leaves it to the others
    OTHERS = "others"
    DONE = "done"


class ReportTurns(Protocol):
    """Both raise ``MemoryLost``. ``due``: when the report was to be made, the same for every replica."""

    async def take(self, due: datetime) -> Turn: ...

    async def done(self, due: datetime) -> None: ...
