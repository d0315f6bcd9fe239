"""An override as somebody asks for it: a JSON object, read whole, so that everything wrong with it is told at once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from o11y.alerting.foreign_text import visible
from o11y.slo.in_force import Misfit
from o11y.slo.override import Values

LONGEST_NOTE = 500
_MOST_UNKNOWN = 10  # fields that are told
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,30})?|\.[0-9]{1,30}")

#: how the values are spelled in JSON
SPELLED: Mapping[str, str] = {
    "enabled": "enabled",
    "target": "target",
    "threshold_ms": "thresholdMs",
    "min_requests": "minRequests",
    "confidence": "confidence",
    "page_eligible": "pageEligible",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Which field of what was sent (``()``: all of it), and what would be accepted."""

    path: tuple[str, ...]
    message: str


class BadOverride(ValueError):
    """It cannot hold."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(one.path)}: {one.message}".removeprefix(": ") for one in problems))
        self.problems = problems

    @classmethod
    def of(cls, misfits: list[Misfit], spelled: Mapping[str, str] = SPELLED) -> "BadOverride":
        """In the words of whoever asked for the values."""
        return cls([Problem((spelled.get(m.part, m.part),) if m.part else (), m.told(spelled)) for m in misfits])


def asked(
    value: object, *, spelled: Mapping[str, str] = SPELLED, ignored: frozenset[str] | None = frozenset()
) -> tuple[Values, str]:
    """The values asked for and the note. ``ignored``: other fields that may be there; None: any. Null is left out.

    Numbers that are not whole may be text, which is exact; a JSON number is read as the shortest one that equals it.
    Raises ``BadOverride``.
    """
    if not isinstance(value, dict):
        raise BadOverride([Problem((), "must be a JSON object")])
    problems: list[Problem] = []
    if ignored is not None:
        known = {*spelled.values(), "note", *ignored}
        for name in sorted(value.keys() - known)[:_MOST_UNKNOWN]:
            accepted = ", ".join([*spelled.values(), "note"])
            problems.append(Problem((visible(name),), f"is not a field; those are {accepted}"))
    found: dict[str, Any] = {}
    for name, field in {**spelled, "note": "note"}.items():
        given = value.get(field)
        if given is None:
            continue
        try:
            found[name] = _READERS[name](given)
        except ValueError as error:
            problems.append(Problem((field,), str(error)))
    if problems:
        raise BadOverride(problems)
    note = found.pop("note", "")
    return Values(**found), note


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value))
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise ValueError('must be a number such as 0.999, or that as text ("0.999")')


def _note(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NOTE:
        raise ValueError(f"must be text of at most {LONGEST_NOTE} characters")
    return checked(value).strip()


def moment(text: str) -> datetime:
    """A time with its zone, as the history is asked for. ``ValueError`` for anything else, and what no table keeps."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None or not 1970 <= at.astimezone(UTC).year < 2200:
            raise ValueError("no zone, or out of range")
    except OverflowError as error:
        raise ValueError("out of range") from error
    return at


def checked(text: str) -> str:
    """The text itself; ``ValueError`` for what no table could keep."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid Unicode") from None
    return text


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "enabled": _flag,
    "target": _decimal,
    "threshold_ms": _whole,
    "min_requests": _whole,
    "confidence": _decimal,
    "page_eligible": _flag,
    "note": _note,
}
