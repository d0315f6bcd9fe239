"""What can be wrong with a spool file."""

import sqlite3

#: what SQLite says when the disk, the rights or another process are the trouble, and the file itself is not
_ELSEWHERE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_PROTOCOL,
}


class SpoolUnusable(Exception):
    """The file cannot be opened or read: of a newer version, of another process, not a spool, or a failing disk."""


class SpoolDamaged(Exception):
    """The rows of a batch are not the ones that were written."""


def is_corrupt(error: sqlite3.Error) -> bool:
    """SQLite itself says that the file is damaged."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or code == sqlite3.SQLITE_IOERR_SHORT_READ


def may_be_corrupt(error: sqlite3.Error) -> bool:
    """Of an error at opening: nothing but the content of the file explains it (a table that is not there, say)."""
    return is_corrupt(error) or getattr(error, "sqlite_errorcode", 0) & 0xFF not in _ELSEWHERE
