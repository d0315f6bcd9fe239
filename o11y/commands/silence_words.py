"""Silences for a terminal of 80 columns. Text from outside is printed as text: nothing that moves the cursor."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from textwrap import TextWrapper
from typing import Any, TextIO

from o11y.alerting.foreign_text import visible
from o11y.alerting.silence import LONGEST_MATCHERS
from o11y.slo.durations import time_text

Answer = Mapping[str, Any]

_WIDTH = 80


def print_silences(found: Answer, out: TextIO) -> None:
    silences, now = found["silences"], found["now"]
    out.write(f"{_summary(silences)}\n")
    for silence in silences:
        out.write(f"\n{silence['id']}  {_state(silence, now)}\n")
        out.writelines(f"{line}\n" for line in _lines(silence, indent=2))


def print_added(found: Answer, out: TextIO) -> None:
    silence = found["silence"]
    out.write(f"Silence {silence['id']}: {_state(silence, found['now'])}\n")
    out.writelines(f"{line}\n" for line in _lines(silence, indent=2))
    out.write(f"To end it early: o11y silence expire {silence['id']}\n")


def print_expired(found: Answer, out: TextIO) -> None:
    out.write(f"Silence {found['silence']['id']}: {_state(found['silence'], found['now'])}\n")


def _summary(silences: Sequence[Answer]) -> str:
    counted = [
        (sum(silence["state"] == state for silence in silences), words)
        for state, words in (("active", "in force"), ("pending", "to come"), ("expired", "ended"))
    ]
    said = [f"{number:,} {words}" for number, words in counted if number]
    if not said:
        return "No silences."
    return f"{'Silence' if len(silences) == 1 else 'Silences'}: {', '.join(said)}."


def _state(silence: Answer, now: str) -> str:
    if silence["state"] == "active":
        return f"in force, ends in {_span(now, silence['endsAt'])} ({_time(silence['endsAt'])})"
    if silence["state"] == "pending":
        lasts = _span(silence["startsAt"], silence["endsAt"])
        return f"starts in {_span(now, silence['startsAt'])} ({_time(silence['startsAt'])}), for {lasts}"
    if silence["expiredAt"] is not None:
        return f"ended at {_time(silence['expiredAt'])} by {visible(silence['expiredBy'] or 'nobody', limit=100)}"
    return f"ended at {_time(silence['endsAt'])}, its time being over"


def _lines(silence: Answer, *, indent: int) -> Iterator[str]:
    written = [f'{m["label"]}{m["operator"]}"{_quoted(m["value"])}"' for m in silence["matchers"]]
    wrapper = TextWrapper(
        _WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_on_hyphens=False,
        break_long_words=True,
    )
    for line in written:
        yield from wrapper.wrap(line)
    if silence["incidentId"]:
        yield from wrapper.wrap(f"until incident {visible(silence['incidentId'])} is resolved, at the latest then")
    author, comment = visible(silence["author"], limit=100), visible(silence["comment"], limit=1_000)
    yield from wrapper.wrap(f"{author}: {comment}")


def _quoted(value: str) -> str:
    return visible(value, limit=LONGEST_MATCHERS).replace('"', '\\"') if value else ""


def _time(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _span(start: str, end: str) -> str:
    seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    return time_text(round(max(seconds, 0)))
