"""What damage to the file has cost, written down in the file that follows it."""

import sqlite3
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from o11y.adapters.spool.queue import from_ms
from o11y.worker.ports import SpoolLoss

#: older ones are forgotten
KEPT = 100


@dataclass(frozen=True, slots=True)
class Loss:
    """One row of the table ``losses``, with the same names, but for its number."""

    at: int
    events: int
    history: int
    maybe_shipped: int
    is_exact: int
    carried: int
    kept_as: str
    reason: str
    is_told: int = 0


_COLUMNS = ", ".join(field.name for field in fields(Loss))
_INSERT = f"INSERT INTO losses ({_COLUMNS}) VALUES ({', '.join('?' * len(fields(Loss)))})"


def record(db: sqlite3.Connection, loss: Loss) -> None:
    db.execute(_INSERT, astuple(loss))
    db.execute("DELETE FROM losses WHERE number <= (SELECT max(number) FROM losses) - ?", (KEPT,))


def told(db: sqlite3.Connection, number: int) -> None:
    db.execute("UPDATE losses SET is_told = 1 WHERE number = ?", (number,))


def recorded(db: sqlite3.Connection) -> list[SpoolLoss]:
    """Oldest first."""
    return [
        SpoolLoss(
            number=number,
            at=from_ms(loss.at),
            events=loss.events,
            history=loss.history,
            maybe_shipped=loss.maybe_shipped,
            exact=bool(loss.is_exact),
            carried=loss.carried,
            kept_as=Path(loss.kept_as).name,
            reason=loss.reason,
            told=bool(loss.is_told),
        )
        for number, *values in db.execute(f"SELECT number, {_COLUMNS} FROM losses ORDER BY number")
        for loss in (Loss(*values),)
    ]
