"""Rows as the spool keeps them: JSONEachRow lines that end with the id of their batch."""

from collections.abc import Sequence


def suffix(batch_id: str) -> bytes:
    """Closes a row. It cannot occur inside of one: within a JSON string each quote is escaped."""
    return b',"spool_batch":"%b"}\n' % batch_id.encode()


def finish(rows: Sequence[bytes], batch_id: str) -> bytes:
    """Rows without their closing brace, as lines of a batch."""
    end = suffix(batch_id)
    return end.join(rows) + end


def open_again(lines: bytes, batch_id: str) -> list[bytes]:
    """The rows of finished lines, to be finished under another id."""
    return lines.split(suffix(batch_id))[:-1]
