"""The form of an override: its fields, what somebody wrote into them, and what is wrong with that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from o11y.slo.override import Values
from o11y.slo.override_json import shown
from o11y.web.objective_words import LABELS
from o11y.worker.override_request import SPELLED, BadOverride, asked


@dataclass(frozen=True, slots=True)
class Field:
    """An input; ``hint`` says what is accepted."""

    name: str
    label: str
    hint: str
    unit: str = ""
    mode: str = "decimal"  # the keyboard that a telephone shows


FIELDS: Mapping[str, Field] = {
    "enabled": Field("enabled", LABELS["enabled"], "Off: these dimensions have no such objective."),
    "target": Field("target", LABELS["target"], "The fraction that must be good, such as 0.999."),
    "threshold_ms": Field(
        "threshold_ms",
        LABELS["threshold_ms"],
        "Slower is bad. Evaluated at the next bound of the rollups.",
        unit="ms",
        mode="numeric",
    ),
    "min_requests": Field(
        "min_requests", LABELS["min_requests"], "In the long window; fewer are no evidence.", mode="numeric"
    ),
    "confidence": Field("confidence", LABELS["confidence"], "That bad events are no chance: 0.9 to 0.999999999999."),
    "page_eligible": Field("page_eligible", LABELS["page_eligible"], "Tickets only: nobody is woken."),
}

#: of fields that are chosen: the values and their words
CHOICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "enabled": (("true", "on"), ("false", "off")),
    "page_eligible": (("true", "pages"), ("false", "tickets only")),
}

_WHOLE = ("threshold_ms", "min_requests")


@dataclass(frozen=True, slots=True)
class Filled:
    """What is written in the fields, and what is wrong: by field, and of all of it."""

    values: Mapping[str, str]
    note: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    whole: tuple[str, ...] = ()

    @classmethod
    def of(cls, form: Mapping[str, str], error: BadOverride | None = None) -> "Filled":
        """As it was sent."""
        values = {name: form.get(name, "") for name in SPELLED}
        fields = {spelled: name for words in (SPELLED, LABELS) for name, spelled in words.items()}
        known = {*fields, "note", "client", "provider", "model"}
        problems: dict[str, str] = {}
        whole: list[str] = []
        for one in error.problems if error is not None else ():
            place = one.path[0] if one.path else ""
            if place in known:
                problems.setdefault(fields.get(place, place), one.message)
            else:
                whole.append(one.message)
        return cls(values, form.get("note", ""), problems, tuple(whole))


def filled(values: Values | None, note: str) -> Filled:
    """As an override has them; a field that it leaves out is empty."""
    given = shown(values) if values is not None else {}
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    return Filled({name: texts.get(name, "") for name in SPELLED}, note)


def asked_in(form: Mapping[str, str]) -> tuple[Values, str]:
    """The values and the note; an empty field leaves its value as it is. Raises ``BadOverride``."""
    given: dict[str, Any] = {}
    for name, spelled in SPELLED.items():
        text = form.get(name, "").strip()
        if not text:
            continue
        given[spelled] = text
        if name in _WHOLE and text.isascii() and text.isdigit() and len(text) < 20:
            given[spelled] = int(text)
        if name in CHOICES and text in ("true", "false"):
            given[spelled] = text == "true"
    return asked({**given, "note": form.get("note", "").strip()})
