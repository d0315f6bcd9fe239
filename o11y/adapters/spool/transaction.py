"""A change of the file, and what its failure means."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from o11y.adapters.spool.errors import is_corrupt
from o11y.worker.ports import SpoolFull


@contextmanager
def transaction(db: sqlite3.Connection, *, on_damage: Callable[[str], None]) -> Iterator[sqlite3.Connection]:
    """All or nothing. ``SpoolFull`` for whatever SQLite says; ``on_damage`` hears when the file itself is damaged."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("COMMIT")
    except BaseException as error:
        with suppress(sqlite3.Error):  # of a connection that is closed, or beyond help
            if db.in_transaction:
                db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            if is_corrupt(error):
                on_damage(str(error))
            raise SpoolFull(f"the spool cannot write: {error}") from error
        raise
