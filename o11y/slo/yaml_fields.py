"""A YAML document read field by field, so that every refusal names its line, its path and what would be accepted.

Numbers are read from their text into ``Decimal``, never through a float. Nothing is constructed: a tag cannot run code.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

import yaml
from yaml.reader import ReaderError

MAX_CHARACTERS = 1_048_576
MAX_DEPTH = 20
MAX_VALUES = 20_000

_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})(\.[0-9]{1,20})?")
_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9_]{0,17})")
_TAG = "tag:yaml.org,2002:"

T = TypeVar("T")
D = TypeVar("D")
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to tell about a line of the file, counted from 1."""

    line: int
    message: str


class Refused(Exception):
    """One value cannot be used. Caught where the field is read, so that the rest of the file is still checked."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the document and the way to it, such as ``objectives[0].target``."""

    node: yaml.Node
    path: str

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    def refused(self, accepted: str) -> Refused:
        """The error that shows the value found here."""
        return Refused(Problem(self.line, f"{_at(self.path)}{_shown(self.node)} refused; accepted: {accepted}"))

    def says(self, message: str) -> Problem:
        return Problem(self.line, f"{_at(self.path)}{message}")

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def items(self, accepted: str) -> list["Place"]:
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.refused(accepted)
        return [Place(node, f"{self.path}[{index}]") for index, node in enumerate(self.node.value)]

    def scalar(self, accepted: str, *, tags: Sequence[str]) -> str:
        """The text of a scalar whose YAML type is one of ``tags`` (``str``, ``int``, ``float``, ``bool``)."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag.removeprefix(_TAG) not in tags:
            raise self.refused(accepted)
        return str(self.node.value)


class Fields:
    """The fields of one mapping. Problems go to ``problems``; reading goes on with the default."""

    def __init__(self, place: Place, keys: Sequence[str] | None, *, problems: list[Problem]) -> None:
        """``keys`` are the ones that may be there; None allows any. Raises ``Refused`` unless it is a mapping."""
        if not isinstance(place.node, yaml.MappingNode):
            raise place.refused(f"a mapping with {', '.join(keys)}" if keys else "a mapping of names")
        self.place = place
        self.problems = problems
        self._fields: dict[str, Place] = {}
        for key, value in place.node.value:
            self._add(Place(key, place.path), value, keys)

    def _add(self, key: Place, value: yaml.Node, keys: Sequence[str] | None) -> None:
        if not isinstance(key.node, yaml.ScalarNode):
            self.problems.append(key.refused("a plain name as key").problem)
            return
        name = key.node.value
        path = f"{key.path}.{name}".lstrip(".") if name.isprintable() else key.path
        if keys is not None and name not in keys:
            message = f"unknown key refused; accepted: {_nearest(name, keys)}"
            self.problems.append(Place(key.node, path).says(message))
        elif name in self._fields:
            message = f"given twice, first on line {self._fields[name].line}; accepted: one"
            self.problems.append(Place(key.node, path).says(message))
        else:
            self._fields[name] = Place(value, path)

    def __contains__(self, key: str) -> bool:
        return key in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def place_of(self, key: str) -> Place:
        """Where the field is; where the mapping is when it is absent."""
        return self._fields.get(key, self.place)

    def get(self, key: str, read: Callable[[Place], T], *, default: T) -> T:
        if key not in self._fields:
            return default
        return attempt(read, self._fields[key], problems=self.problems, default=default)

    def need(self, key: str, read: Callable[[Place], T], *, accepted: str) -> T | None:
        """None after a problem; absence is one."""
        if key not in self._fields:
            path = f"{self.place.path}.{key}".lstrip(".")
            self.problems.append(Problem(self.place.line, f"{path}: missing; accepted: {accepted}"))
            return None
        return attempt(read, self._fields[key], problems=self.problems, default=None)


def attempt(read: Callable[[Place], T], place: Place, *, problems: list[Problem], default: D) -> T | D:
    """``read(place)``, or ``default`` after noting why it was refused."""
    try:
        return read(place)
    except Refused as refused:
        problems.append(refused.problem)
        return default


def number(accepted: str, *, fits: Callable[[Decimal], bool]) -> Callable[[Place], Decimal]:
    """Reads a plain decimal number: no exponent, at most 18 digits before the point and 20 after."""

    def read(place: Place) -> Decimal:
        text = place.scalar(accepted, tags=("int", "float"))
        if not _NUMBER.fullmatch(text) or not fits(Decimal(text)):
            raise place.refused(accepted)
        return Decimal(text)

    return read


def integer(accepted: str, *, fits: Callable[[int], bool]) -> Callable[[Place], int]:
    """Reads a whole number, thousands optionally parted as in ``15_000``."""

    def read(place: Place) -> int:
        text = place.scalar(accepted, tags=("int",))
        if not _INTEGER.fullmatch(text) or not fits(int(text)):
            raise place.refused(accepted)
        return int(text)

    return read


def text(accepted: str, *, fits: Callable[[str], bool] = bool) -> Callable[[Place], str]:
    """Reads text; by default any but the empty one. YAML reads ``on``, ``1.5`` and ``null`` as other types: quote."""

    def read(place: Place) -> str:
        value = place.scalar(f"{accepted} (in quotes if YAML would read it as a number or yes/no)", tags=("str",))
        if not fits(value):
            raise place.refused(accepted)
        return value

    return read


def flag(place: Place) -> bool:
    value = place.scalar("true or false", tags=("bool",)).lower()
    if value not in ("true", "false"):
        raise place.refused("true or false")
    return value == "true"


def word_of(choices: Sequence[str]) -> Callable[[Place], str]:
    """Reads one of ``choices``; a near miss is told which it is near to."""

    def read(place: Place) -> str:
        given = place.node.value if isinstance(place.node, yaml.ScalarNode) else ""
        if given not in choices:
            raise place.refused(_nearest(given, choices))
        return str(given)

    return read


def one_of(choices: type[E]) -> Callable[[Place], E]:
    """Reads a member of ``choices`` by its value."""
    read_word = word_of([member.value for member in choices])
    return lambda place: choices(read_word(place))


def compose(content: str) -> Place | None:
    """The root of the one document in ``content``, None when it is empty; ``Refused`` when it cannot be read."""
    if len(content) > MAX_CHARACTERS:
        raise Refused(Problem(1, f"{len(content):,} characters refused; accepted: at most {MAX_CHARACTERS:,}"))
    try:
        _guard(content)
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Refused(Problem(line, f"not YAML: {error.problem}; {_remedy(error)}")) from error
    except ReaderError as error:
        line = content.count("\n", 0, error.position) + 1
        raise Refused(Problem(line, "not YAML: an unprintable character; accepted: plain text")) from error
    return None if root is None else Place(root, "")


def _guard(content: str) -> None:
    """Refuse what would blow up while it is composed: aliases multiply, depth is recursion, values are memory."""
    depth = values = 0
    for event in yaml.parse(content, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise Refused(
                Problem(line, f"&{event.anchor}: anchors and aliases refused; accepted: window_sets to share")
            )
        values += isinstance(event, yaml.NodeEvent)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise Refused(Problem(line, f"nested too deeply, refused; accepted: at most {MAX_DEPTH} levels"))
        if values > MAX_VALUES:
            raise Refused(Problem(line, f"too many values, refused; accepted: at most {MAX_VALUES:,} in a file"))


def _remedy(error: yaml.MarkedYAMLError) -> str:
    if "\\t" in (error.problem or ""):
        return "accepted: spaces for indentation, no tabs"
    return f"it appeared {error.context}" if error.context else "accepted: one YAML document"


def _nearest(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"{', '.join(names)}" + (f" (did you mean {near[0]}?)" if near else "")


def _at(path: str) -> str:
    return f"{path}: " if path else ""


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list" if node.value else "an empty list"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if node.tag == _TAG + "null":
        return "nothing"
    value = str(node.value)
    value = value if len(value) <= 60 else value[:57] + "..."
    return value if value.isprintable() and value.strip() and node.tag != _TAG + "str" else repr(value)
