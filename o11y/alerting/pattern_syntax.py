"""Regular expressions as RE2 writes them (https://github.com/google/re2/wiki/Syntax), read into a tree.

What Alertmanager's users write in matchers: literals, ``.``, sets, groups, ``|``, ``* + ? {n,m}``, ``^ $``, the escapes
of Perl's sets, and ``(?i)`` or ``(?s)`` in front. What only backtracking can match is refused, as RE2 does; word
boundaries, named groups and Unicode's sets are refused too.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

LONGEST = 512  # characters
_DEEPEST = 50
_MOST_REPEATS = 1_000
_END = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]
_SETS: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 10), (12, 13), (32, 32)),
}
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11, "a": 7}
_COUNT = re.compile(r"\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\}")
_HEX = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")
_FLAGS = re.compile(r"\(\?([is]{1,2})\)")


class BadPattern(ValueError):
    """The text is no regular expression that is understood; the message says what is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of these code points, both ends included."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    options: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``most`` None: without end."""

    node: "Node"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """The beginning or the end of the text."""

    at_end: bool


Node = Characters | Sequence | Either | Repeat | Edge


def parse(text: str, *, ignore_case: bool = False) -> Node:
    """Raises ``BadPattern``."""
    if len(text) > LONGEST:
        raise BadPattern(f"is longer than {LONGEST} characters")
    return _Parser(text, ignore_case=ignore_case).whole()


class _Parser:
    def __init__(self, text: str, *, ignore_case: bool) -> None:
        self._text = text
        flags = _FLAGS.match(text)
        given = flags[1] if flags else ""
        self._at = flags.end() if flags else 0
        self._ignore_case = ignore_case or "i" in given
        self._any: Ranges = ((0, _END),) if "s" in given else ((0, 9), (11, _END))
        self._depth = 0

    def whole(self) -> Node:
        node = self._either()
        if self._at < len(self._text):
            self._refuse("a ) closes nothing")
        return node

    def _either(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Either(tuple(options))

    def _sequence(self) -> Node:
        parts = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self) -> Node:
        start = self._at
        if self._bounds() is not None:
            self._refuse("nothing to repeat", at=start)
        node = self._atom()
        if (bounds := self._bounds()) is None:
            return node
        self._take("?")  # prefers less, which is the same where all of the text must match
        again = self._at
        if self._bounds() is not None:
            self._refuse("a repetition of a repetition", at=again)
        return Repeat(node, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        """Those of a repetition that stands here, which is read."""
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        count = _COUNT.match(self._text, self._at)
        if count is None:
            return None
        least = int(count[1])
        most = int(count[3]) if count[3] else None if count[2] else least
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            self._refuse(f"a count must rise, to {_MOST_REPEATS} at most")
        self._at = count.end()
        return least, most

    def _atom(self) -> Node:
        character = self._next()
        match character:
            case "(":
                return self._group()
            case "[":
                return self._set()
            case ".":
                return Characters(self._any)
            case "^" | "$":
                return Edge(at_end=character == "$")
            case "\\":
                return self._characters(self._escape())
            case _:
                return self._characters(((ord(character), ord(character)),))

    def _group(self) -> Node:
        start = self._at - 1
        if self._take("?") and not self._take(":"):
            self._refuse("of the groups with (? only (?:...) is understood, and (?i) or (?s) in front", at=start)
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse(f"groups are nested deeper than {_DEEPEST} levels")
        node = self._either()
        if not self._take(")"):
            self._refuse("this ( is not closed", at=start)
        self._depth -= 1
        return node

    def _set(self) -> Node:
        start = self._at - 1
        negated = self._take("^")
        found: list[tuple[int, int]] = []
        first = True
        while first or not self._take("]"):
            if self._at >= len(self._text):
                self._refuse("this [ is not closed", at=start)
            if self._text.startswith("[:", self._at):
                self._refuse("sets such as [:alpha:] are not understood")
            found += self._item()
            first = False
        node = self._characters(tuple(found))
        return Characters(_without(node.ranges)) if negated else node

    def _item(self) -> Ranges:
        """One character of a set, a range of them, or a set of Perl's."""
        low = self._member()
        ends = self._text[self._at + 1 : self._at + 2]
        if low[0][0] != low[-1][1] or not self._text.startswith("-", self._at) or ends in ("", "]"):
            return low
        self._at += 1
        high = self._member()
        if high[0][0] != high[-1][1] or high[0][0] < low[0][0]:
            self._refuse("a range must go from a character to a later one")
        return ((low[0][0], high[0][0]),)

    def _member(self) -> Ranges:
        character = self._next()
        return self._escape() if character == "\\" else ((ord(character), ord(character)),)

    def _escape(self) -> Ranges:
        code = _HEX.match(self._text, self._at)
        if code is not None and int(code[1] or code[2], 16) <= _END:
            self._at = code.end()
            point = int(code[1] or code[2], 16)
            return ((point, point),)
        character = self._next()
        if character.lower() in _SETS:
            ranges = _SETS[character.lower()]
            return ranges if character.islower() else _without(ranges)
        if character in _CONTROLS:
            return ((_CONTROLS[character], _CONTROLS[character]),)
        if character.isalnum():
            self._refuse(f"\\{character} is not understood", at=self._at - 2)
        return ((ord(character), ord(character)),)

    def _characters(self, ranges: Ranges) -> Characters:
        if not self._ignore_case:
            return Characters(ranges)
        return Characters(ranges + tuple(other for one in ranges for other in _other_case(*one)))

    def _next(self) -> str:
        if self._at >= len(self._text):
            self._refuse("a \\ at the end, or a set that is not closed")
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _refuse(self, what: str, *, at: int | None = None) -> NoReturn:
        raise BadPattern(f"{what} (character {(self._at if at is None else at) + 1})")


def _without(ranges: Ranges) -> Ranges:
    """Every character but these."""
    found, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return (*found, (start, _END)) if start <= _END else tuple(found)


def _other_case(low: int, high: int) -> Ranges:
    """Upper and lower case of letters one by one; of a range longer than any alphabet, the letters A to Z alone."""
    if high - low > _LONGEST_ALPHABET:
        low, high = max(low, 65), min(high, 122)
    cased = {changed for point in range(low, high + 1) for changed in (chr(point).lower(), chr(point).upper())}
    return tuple((ord(one), ord(one)) for one in sorted(cased) if len(one) == 1)


_LONGEST_ALPHABET = 256
