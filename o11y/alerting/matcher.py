"""Matchers over the labels of an alert, with Alertmanager's syntax and semantics.

https://prometheus.io/docs/alerting/latest/configuration/#matcher: ``=`` and ``!=`` compare, ``=~`` and ``!~`` ask
for a regular expression of the whole value, and a label that is absent equals the empty text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from o11y.alerting.foreign_text import visible
from o11y.alerting.pattern import pattern
from o11y.alerting.pattern_syntax import BadPattern
from o11y.model_id import normalise_model
from o11y.slo.dimension import Scope
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity

Labels = Mapping[str, str]

LONGEST_VALUE = 1_024  # characters, as of a name in an event
LONGEST_TEXT = 32 * 1024  # of matchers written in one


class Label(StrEnum):
    SEVERITY = "severity"
    OBJECTIVE = "objective"
    INDICATOR = "indicator"
    SCOPE = "scope"
    CLIENT = "client"
    PROVIDER = "provider"
    MODEL = "model"


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    MATCHES_NOT = "!~"


_VALUES = {
    Label.SEVERITY: tuple(severity.value for severity in Severity),
    Label.INDICATOR: tuple(indicator.value for indicator in Indicator),
    Label.SCOPE: tuple(scope.value for scope in Scope),
}
_WRITTEN = re.compile(r"([^\s=!~\"{},]+)\s*(=~|!=|!~|=)\s*(.*)", re.DOTALL)
_ESCAPED = re.compile(r'\\([n"\\])')
_UNESCAPED = {"n": "\n", '"': '"', "\\": "\\"}


class BadMatcher(ValueError):
    """Not a matcher; the message says why and what is accepted."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition. A model is written as it is measured: ``Vendor/Model:free`` becomes ``vendor/model``, and its
    regular expressions ignore case. Raises ``BadMatcher``.
    """

    label: Label
    operator: Operator
    value: str

    def __post_init__(self) -> None:
        if len(self.value) > LONGEST_VALUE:
            raise BadMatcher(f"{self.label}: a value has at most {LONGEST_VALUE:,} characters")
        if not _is_unicode(self.value):
            raise BadMatcher(f"{self.label}: the value is not valid Unicode")
        if self.is_regex:
            self._compiles()
        elif self.value:
            self._names_something()

    @property
    def is_regex(self) -> bool:
        return self.operator in (Operator.MATCHES, Operator.MATCHES_NOT)

    def matches(self, labels: Labels) -> bool:
        value = labels.get(self.label, "")
        match self.operator:
            case Operator.EQUAL:
                return value == self.value
            case Operator.NOT_EQUAL:
                return value != self.value
            case Operator.MATCHES:
                return pattern(self.value, ignore_case=self._ignores_case).matches(value)
            case Operator.MATCHES_NOT:
                return not pattern(self.value, ignore_case=self._ignores_case).matches(value)

    @property
    def matches_nothing_said(self) -> bool:
        """Whether it holds where the label is absent."""
        return self.matches({})

    @property
    def _ignores_case(self) -> bool:
        return self.label is Label.MODEL

    def _compiles(self) -> None:
        try:
            pattern(self.value, ignore_case=self._ignores_case)
        except BadPattern as error:
            raise BadMatcher(f"{self.label}: the regular expression {_shown(self.value)}: {error}") from None

    def _names_something(self) -> None:
        known = _VALUES.get(self.label)
        if known is not None and self.value not in known:
            raise BadMatcher(f"{self.label}: {_shown(self.value)} is none of {', '.join(known)}")
        if self.label is Label.MODEL:
            object.__setattr__(self, "value", normalise_model(self.value)[0])

    def __str__(self) -> str:
        """As ``parse_matcher`` reads it back."""
        escaped = self.value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        return f'{self.label}{self.operator}"{escaped}"'


def parse_matcher(text: str) -> Matcher:
    """``label="value"``, with or without the quotes; in quotes ``\\"``, ``\\\\`` and ``\\n`` are escapes."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise BadMatcher(
            f'{_shown(text)} is not a matcher such as client="web", model=~"openai/gpt-.*" or severity!=page'
        )
    return matcher(found[1], found[2], _value(found[3]))


def matcher(label: str, operator: str, value: str) -> Matcher:
    """Of its three texts."""
    if label not in list(Label):
        close = get_close_matches(label, list(Label), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise BadMatcher(f"{_shown(label)} is not a label; those are {', '.join(Label)}{hint}")
    if operator not in list(Operator):
        raise BadMatcher(f"{_shown(operator)} is not an operator; those are {' '.join(Operator)}")
    return Matcher(Label(label), Operator(operator), value)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """One or more with commas between them, in braces or not: ``{client="web", model=~"gpt-.*"}``."""
    if len(text) > LONGEST_TEXT:
        raise BadMatcher(f"matchers have at most {LONGEST_TEXT:,} characters together")
    inside = text.strip()
    if inside.startswith("{"):
        if not inside.endswith("}"):
            raise BadMatcher(f"{_shown(text)}: the {{ is not closed")
        inside = inside[1:-1]
    parts = _parts(inside)
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()  # a comma at the end
    return tuple(parse_matcher(part) for part in parts)


def _parts(text: str) -> list[str]:
    """At the commas outside quotes."""
    parts, start, quoted, escaped = [], 0, False, False
    for index, character in enumerate(text):
        if character == '"' and not escaped:
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append(text[start:index])
            start = index + 1
        escaped = character == "\\" and not escaped
    return [*parts, text[start:]]


def _value(written: str) -> str:
    inside = written
    if written.startswith('"'):
        if not _closes(written):
            raise BadMatcher(f'{_shown(written)}: the value begins with a " that is not closed at its end')
        inside = written[1:-1]
    elif written.startswith(("=", "~")):
        raise BadMatcher(f"{_shown(written)}: a value that begins so is written in quotes")
    if re.search(r'(?<!\\)(?:\\\\)*"', inside):
        raise BadMatcher(f'{_shown(written)}: a " inside a value is written \\"')
    return _ESCAPED.sub(lambda found: _UNESCAPED[found[1]], inside)


def _closes(written: str) -> bool:
    """Whether the last character is a quote that no backslash escapes."""
    before = written[1:-1]
    return len(written) > 1 and written[-1] == '"' and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _shown(text: str) -> str:
    return visible(text, limit=80)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
