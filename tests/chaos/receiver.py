"""Slack as a scenario sees it: what it was told, and when on the scenario's clock."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from o11y.alerting.claim import PAGE_COOLDOWN_MS
from tests.chaos.ledger import MARK
from tests.fakes import SteppingClock
from tests.http_stand_in import Answer, Request
from tests.slack_stand_in import SlackStandIn

COOLDOWN = timedelta(milliseconds=PAGE_COOLDOWN_MS)
#: evaluations are a minute apart, so what is due between two of them is told by the later one
LATE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Told:
    """A message that was delivered. ``text`` is all of it."""

    at: datetime
    text: str

    def tells_of(self, model: str) -> bool:
        return model in self.text

    @property
    def is_page(self) -> bool:
        return "PAGE" in self.text

    @property
    def repeated(self) -> bool:
        return MARK in self.text

    @property
    def without_memory(self) -> bool:
        return "without its memory" in self.text

    @property
    def over(self) -> bool:
        return "no longer firing" in self.text

    @property
    def still_firing(self) -> bool:
        return "still firing" in self.text


class Receiver(SlackStandIn):
    """``asked_at`` are all attempts, ``told`` what was delivered. ``standing`` answers until it is taken away."""

    def __init__(self, clock: SteppingClock, *failures: Answer) -> None:
        super().__init__(*failures)
        self._clock = clock
        self.standing: Sequence[Answer] = ()  # in turn
        self.asked_at: list[datetime] = []
        self.told: list[Told] = []

    def _judge(self, request: Request) -> Answer:
        self.asked_at.append(self._clock.now)
        if self.standing:
            return self.standing[len(self.asked_at) % len(self.standing)]
        before = len(self.messages)
        answer = super()._judge(request)
        for message in self.messages[before:]:
            self.told.append(Told(self._clock.now, json.dumps(message, ensure_ascii=False)))
        return answer

    def pages_of(self, model: str) -> list[Told]:
        return [told for told in self.told if told.is_page and told.tells_of(model)]


@dataclass(frozen=True, slots=True)
class Span:
    """From the first of these minutes to the last."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """``due`` are distinct; ``marked`` are repeats that were allowed and say so."""

    due: int = 0
    lost: int = 0
    duplicated: int = 0
    marked: int = 0


def count_pages(told: Sequence[Told], firing: Mapping[str, Span], *, fault: Span, replicas: int) -> Count:
    """A model that fires is told at once, and again once a cooldown.

    In the fault each replica may tell it, if it says that it has lost its memory. Once the fault is over nothing is
    told again within the cooldown of anybody's telling.
    """
    due = lost = duplicated = marked = 0
    for model, span in firing.items():
        pages = [one.at for one in told if one.is_page and one.tells_of(model)]
        forgetful = {one.at for one in told if one.without_memory and fault.first <= one.at <= fault.last}
        latest = None
        for number, at in enumerate(pages):
            recent = sum(at - earlier < COOLDOWN for earlier in pages[:number])
            first_of_cooldown = latest is None or at - latest >= COOLDOWN
            if first_of_cooldown:
                latest = at
            allowed = at in forgetful and recent < replicas
            duplicated += bool(recent) and not allowed
            marked += bool(recent) and allowed and not first_of_cooldown
            due += first_of_cooldown
        missing = _gaps(pages, span)
        lost += missing
        due += missing
    tickets = sum(not one.is_page for one in told)  # each is inhibited by its page
    return Count(due, lost, duplicated + tickets, marked)


def _gaps(told_at: Sequence[datetime], span: Span) -> int:
    """Tellings that are missing: the first, or one after a cooldown."""
    missing = int(not told_at or told_at[0] > span.first + LATE)
    return missing + sum((later - earlier) // (COOLDOWN + LATE) for earlier, later in pairwise([*told_at, span.last]))
