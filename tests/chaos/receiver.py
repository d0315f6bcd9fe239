"""Slack as a scenario sees it: what it was told, and when on the scenario's clock."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from o11y.alerting.incident import Change
from o11y.alerting.lifecycle import Terms
from o11y.slo.windows import Severity
from tests.chaos.said import Said
from tests.fakes import SteppingClock
from tests.http_stand_in import Answer, Request
from tests.slack_stand_in import SlackStandIn

COOLDOWN = Terms().page_cooldown
#: evaluations are a minute apart, so what is due between two of them is told by the later one
LATE = timedelta(minutes=1)
_LATE = re.compile(r"Told late: (?:fired at|this is of) (\d{4}-\d\d-\d\d \d\d:\d\d) UTC")
#: what says that somebody must act: once a cooldown
URGES = frozenset({Change.FIRED, Change.REOPENED, Change.ESCALATED, Change.REMINDED})


@dataclass(frozen=True, slots=True)
class Told:
    """A message that was delivered."""

    at: datetime
    said: Said

    @property
    def minute(self) -> datetime:
        """The one that it tells of, where it says that it is late: cooldowns count evaluated minutes."""
        late = _LATE.search(self.said.text)
        told_of = datetime.fromisoformat(f"{late[1]}+00:00") if late else self.at
        return told_of.replace(second=0)

    def tells_of(self, model: str) -> bool:
        return self.said.tells_of(model)

    @property
    def change(self) -> Change | None:
        return self.said.change

    @property
    def is_page(self) -> bool:
        return self.said.severity is Severity.PAGE

    @property
    def repeated(self) -> bool:
        return self.said.repeated

    @property
    def without_memory(self) -> bool:
        return "without its memory" in self.said.text

    @property
    def over(self) -> bool:
        return "no longer firing" in self.said.text

    @property
    def still_firing(self) -> bool:
        return "still firing" in self.said.text


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
            self.told.append(Told(self._clock.now, Said.by(message)))
        return answer

    def told_of(self, model: str, change: Change = Change.FIRED) -> list[Told]:
        return [told for told in self.told if told.change is change and told.tells_of(model)]


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

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.due + other.due,
            self.lost + other.lost,
            self.duplicated + other.duplicated,
            self.marked + other.marked,
        )


def count_told(told: Sequence[Told], firing: Mapping[str, Span], *, fault: Span, replicas: int) -> Count:
    """A model that fires is told at once, its reminder once a cooldown, and its end once; what was told is asked for
    when all of it is over.

    In the fault each replica may tell it, if it says that it has lost its memory. Once the fault is over nothing is
    told again within the cooldown of anybody's telling.
    """
    total = Count()
    for model, span in firing.items():
        about = [one for one in told if one.tells_of(model)]
        total += _urged([one for one in about if one.change in URGES], span, fault=fault, replicas=replicas)
        total += _ended([one for one in about if one.change is Change.RESOLVED], fault=fault, replicas=replicas)
    known = [one for one in told if any(one.tells_of(model) for model in firing)]
    others = sum(one.change not in URGES | {Change.RESOLVED} for one in known) + len(told) - len(known)
    tickets = sum(not one.is_page for one in known)  # each is inhibited by its page
    return total + Count(duplicated=tickets + others)


def _urged(urges: Sequence[Told], span: Span, *, fault: Span, replicas: int) -> Count:
    due = duplicated = marked = 0
    pages = [one.minute for one in urges]
    forgetful = _forgetful(urges, fault)
    latest = None
    for number, at in enumerate(pages):
        recent = sum(at - earlier < COOLDOWN for earlier in pages[:number])
        first_of_cooldown = latest is None or at - latest >= COOLDOWN
        if first_of_cooldown:
            latest = at
        allowed = urges[number].at in forgetful and recent < replicas
        duplicated += bool(recent) and not allowed
        marked += bool(recent) and allowed and not first_of_cooldown
        due += first_of_cooldown
    missing = _gaps([one.at.replace(second=0) for one in urges], span)
    return Count(due + missing, missing, duplicated, marked)


def _ended(ends: Sequence[Told], *, fault: Span, replicas: int) -> Count:
    again = ends[1:]
    marked = min(sum(one.at in _forgetful(ends, fault) for one in again), replicas - 1)
    return Count(1, int(not ends), len(again) - marked, marked)


def _forgetful(told: Sequence[Told], fault: Span) -> set[datetime]:
    return {one.at for one in told if one.without_memory and fault.first <= one.at <= fault.last}


def _gaps(told_at: Sequence[datetime], span: Span) -> int:
    """Tellings that are missing: the first, or one after a cooldown."""
    missing = int(not told_at or told_at[0] > span.first + LATE)
    return missing + sum((later - earlier) // (COOLDOWN + LATE) for earlier, later in pairwise([*told_at, span.last]))
