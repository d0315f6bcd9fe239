"""SQLite's write-ahead log with its checksums made right again, for a look at what is behind a damaged place.

SQLite believes a log up to the first frame whose checksum is wrong, and each checksum covers all frames before it: one
flipped byte hides every later commit. The rows of the spool carry checksums of their own, so a salvage may look at all
frames and judge by those. Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PAGE_BYTES = 4096
_MAGIC = 0x377F0683  # checksums of big-endian words
_VERSION = 3007000
_HEADER = struct.Struct(">IIIIII")
_FRAME = struct.Struct(">IIII")
_SUM = struct.Struct(">II")
_WORDS = struct.Struct(f">{PAGE_BYTES // 4}I")
_HEADER_BYTES = _HEADER.size + _SUM.size
_FRAME_BYTES = _FRAME.size + _SUM.size + PAGE_BYTES
_MOST_PAGES = 2**31
_SIZE_AT = 28  # where page 1 has the number of pages
Salts = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Frame:
    page: int
    size: int  # pages of the database after a commit; 0 inside of one
    salts: Salts
    content: bytes


def healed(log: bytes, *, first_page: bytes, pages: int) -> bytes:
    """A log that SQLite believes to its end, over a file of so many ``pages``; page 1 is ``first_page``.

    Its last frame counts as a commit, so a transaction that was interrupted shows too.
    """
    frames = _current(list(_frames(log)))
    size = max(pages, *(frame.size for frame in frames if frame.size < _MOST_PAGES), 1)
    shown = [(frame.page, frame.content) for frame in frames if 1 < frame.page <= size]
    shown.append((1, first_page[:_SIZE_AT] + struct.pack(">I", size) + first_page[_SIZE_AT + 4 :]))
    return b"".join(_written(shown, size))


def _frames(log: bytes) -> Iterator[_Frame]:
    for start in range(_HEADER_BYTES, len(log) - _FRAME_BYTES + 1, _FRAME_BYTES):
        page, size, salt_1, salt_2 = _FRAME.unpack_from(log, start)
        content = log[start + _FRAME.size + _SUM.size : start + _FRAME_BYTES]
        yield _Frame(page, size, (salt_1, salt_2), content)


def _current(frames: list[_Frame]) -> list[_Frame]:
    """Those of the newest generation: older ones, with other salts, may follow them and never precede them."""
    if not frames:
        return []
    salts = frames[0].salts
    if len(frames) > 2 and frames[1].salts == frames[2].salts and not _older(frames[1].salts, salts):
        salts = frames[1].salts  # it is the first frame whose salts are damaged
    last = max((n for n, frame in enumerate(frames) if frame.salts == salts), default=0)
    return frames[: last + 1]


def _older(salts: Salts, than: Salts) -> bool:
    """The first salt goes up by one at each generation."""
    return 0 < (than[0] - salts[0]) % 2**32 < 2**16


def _written(pages: list[tuple[int, bytes]], size: int) -> Iterator[bytes]:
    salts = (1, 1)
    head = _HEADER.pack(_MAGIC, _VERSION, PAGE_BYTES, 0, *salts)
    sums = _checksum(struct.unpack(">6I", head), (0, 0))
    yield head + _SUM.pack(*sums)
    for number, (page, content) in enumerate(pages, 1):
        commit = size if number == len(pages) else 0
        sums = _checksum((page, commit), sums)
        sums = _checksum(_WORDS.unpack(content), sums)
        yield _FRAME.pack(page, commit, *salts) + _SUM.pack(*sums) + content


def _checksum(words: tuple[int, ...], sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
