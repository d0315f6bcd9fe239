"""Rows as the spool keeps them: JSONEachRow lines that end with the id of their batch."""

from collections.abc import Iterator, Sequence

#: A chunk ends with the line that reaches this size. A chunk has one checksum, and is trusted whole or not at all: this
#: is what a flipped bit costs, about 200 events. A checksum for each line would save more of them and cost every event.
CHUNK_BYTES = 128 * 1024


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


def parts(lines: bytes) -> Iterator[bytes]:
    """Finished lines as chunks of whole lines: within JSON a line break is escaped."""
    start = 0
    while start < len(lines):
        end = lines.find(b"\n", start + CHUNK_BYTES) + 1 or len(lines)
        yield lines[start:end]
        start = end
