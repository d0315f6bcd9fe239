"""Regular expressions that take no longer than the text is long.

Matchers come from people, and are asked about every alert of every tick. Python's own ``re`` backtracks: on
``(a+)+b`` it would hang the evaluator. So the expression becomes an automaton that is in all its states at once
(K. Thompson, "Regular Expression Search Algorithm", 1968; https://swtch.com/~rsc/regexp/regexp1.html): one step a
character, each at most as long as the expression. Steps once made are remembered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from o11y.alerting.pattern_syntax import BadPattern, Characters, Edge, Either, Node, Repeat, Sequence, parse

_MOST_STATES = 1_000
_MOST_BUILT = 10_000  # nodes visited while counted repetitions are written out: an empty one adds no state
_REMEMBERED = 512  # steps of one pattern
_DONE = 0

States = int  # a set of them, a bit each
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Step:
    """Over one character into ``then``."""

    characters: Characters
    then: int


@dataclass(frozen=True, slots=True)
class _Fork:
    """Into several states at no cost; ``edge``: only where the text begins or ends."""

    then: tuple[int, ...]
    edge: Edge | None = None


class Pattern:
    """``matches`` asks for all of the text, as Alertmanager's matchers do. Raises ``BadPattern``."""

    __slots__ = ("_ends", "_program", "_start", "_steps")

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        self._program: list[_Step | _Fork] = [_Step(Characters(()), _DONE)]
        self._start = 1 << _Builder(self._program).built(parse(text, ignore_case=ignore_case))
        self._steps: dict[tuple[States, str], States] = {}
        self._ends: dict[States, bool] = {}

    def matches(self, text: str) -> bool:
        states = self._reached(self._start, begins=True, ends=not text)
        for character in text:
            key = states, character
            after = self._steps.get(key)
            if after is None:
                after = _remembered(self._steps, key, self._stepped(states, ord(character)))
            states = after
            if not states:
                return False
        ends = self._ends.get(states)
        if ends is None:
            ends = _remembered(self._ends, states, bool(self._reached(states, ends=True) & 1 << _DONE))
        return ends

    def _stepped(self, states: States, point: int) -> States:
        after = 0
        for state in _each(states):
            step = self._program[state]
            if isinstance(step, _Step) and any(low <= point <= high for low, high in step.characters.ranges):
                after |= 1 << step.then
        return self._reached(after)

    def _reached(self, states: States, *, begins: bool = False, ends: bool = False) -> States:
        """These, and those reached from them without a character. Edges stay, for the end may come yet."""
        found = 0
        waiting = list(_each(states))
        while waiting:
            state = waiting.pop()
            if found >> state & 1:
                continue
            found |= 1 << state
            fork = self._program[state]
            if isinstance(fork, _Fork) and (fork.edge is None or (ends if fork.edge.at_end else begins)):
                waiting += fork.then
        return found


def _each(states: States) -> Iterator[int]:
    while states:
        lowest = states & -states
        yield lowest.bit_length() - 1
        states ^= lowest


class _Builder:
    """Writes the program from its end to its beginning, so that each part knows what follows."""

    def __init__(self, program: list[_Step | _Fork]) -> None:
        self._program = program
        self._built = 0

    def built(self, node: Node, then: int = _DONE) -> int:
        """The state in which it begins."""
        self._built += 1
        if self._built > _MOST_BUILT:
            raise BadPattern("repeats too much: write smaller counts")
        match node:
            case Characters():
                return self._added(_Step(node, then))
            case Edge():
                return self._added(_Fork((then,), node))
            case Sequence(parts):
                for part in reversed(parts):
                    then = self.built(part, then)
                return then
            case Either(options):
                return self._added(_Fork(tuple(self.built(option, then) for option in options)))
            case Repeat():
                return self._repeated(node, then)

    def _repeated(self, repeat: Repeat, then: int) -> int:
        if repeat.most is None:
            loop = self._added(_Fork(()))
            self._program[loop] = _Fork((self.built(repeat.node, loop), then))
            then = loop
        else:
            beyond = then
            for _ in range(repeat.most - repeat.least):
                then = self._added(_Fork((self.built(repeat.node, then), beyond)))
        for _ in range(repeat.least):
            then = self.built(repeat.node, then)
        return then

    def _added(self, state: _Step | _Fork) -> int:
        if len(self._program) >= _MOST_STATES:
            raise BadPattern("is too large: write smaller counts, or fewer of them")
        self._program.append(state)
        return len(self._program) - 1


def _remembered(known: dict[K, V], key: K, value: V) -> V:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value
    return value


@lru_cache(maxsize=1_024)
def pattern(text: str, *, ignore_case: bool = False) -> Pattern:
    """The same object for the same text, which remembers its steps. Raises ``BadPattern``."""
    return Pattern(text, ignore_case=ignore_case)
