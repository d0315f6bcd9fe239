"""Reading traces: NDJSON files, gzipped or not, merged by time, each in its own order."""

import gzip
import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from o11y.commands.errors import CommandError


class TraceError(Exception):
    """A line that is no event; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """``at``: what the event says of its time, None where that is nothing usable. ``read``: file bytes so far."""

    file: Path
    number: int
    content: Any  # the JSON object, or the TraceError that stands for it
    at: datetime | None
    read: int


def lines_of(files: Sequence[Path], *, longest: int) -> Iterator[Line]:
    """The lines of all files, the earliest next one first. Raises ``CommandError`` for a file that cannot be read."""
    return heapq.merge(*(_lines(path, longest) for path in files), key=_order)


def _order(line: Line) -> float:
    return line.at.timestamp() if line.at else 0.0


def _lines(path: Path, longest: int) -> Iterator[Line]:
    """A line without a usable time keeps its place: it takes the time of the line before it."""
    try:
        with path.open("rb") as raw:
            unpacked: IO[bytes] = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw  # type: ignore[assignment]
            last: datetime | None = None
            number = 0
            while text := unpacked.readline(longest + 1):
                number += 1
                if not text.strip():
                    continue
                content = _content(text, longest)
                if len(text) > longest and not text.endswith(b"\n"):
                    _skip_rest(unpacked)
                last = _time(content) or last
                yield Line(path, number, content, last, raw.tell())
    except (OSError, EOFError) as error:
        raise CommandError(f"{path}: cannot be read: {error}", code=2) from None


def _skip_rest(file: IO[bytes]) -> None:
    while (part := file.readline(65_536)) and not part.endswith(b"\n"):
        pass


def _content(text: bytes, longest: int) -> Any:
    if len(text) > longest:
        return TraceError(f"longer than {longest:,} bytes")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return TraceError("not JSON")
    return content if isinstance(content, dict) else TraceError("not a JSON object")


def _time(content: Any) -> datetime | None:
    """Where the line belongs. Whether the door would take this timestamp is not decided here."""
    sent = content.get("timestamp") if isinstance(content, dict) else None
    try:
        if isinstance(sent, bool):
            return None
        if isinstance(sent, int | float):
            return datetime.fromtimestamp(sent / 1000, UTC)
        at = datetime.fromisoformat(sent) if isinstance(sent, str) else None
        return at.astimezone(UTC) if at is not None and at.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None
