"""What being on call was like: how often somebody was paged, how many pages were answered, and how quickly."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Call:
    """An incident, as those on call saw it. ``paged_at``: when a page was first delivered; None: it was a ticket.

    ``objectives``: those that the page was about, and not those of tickets beside it. ``ended_at``: None while it is
    open.
    """

    objectives: tuple[str, ...]
    opened_at: datetime
    ended_at: datetime | None = None
    paged_at: datetime | None = None
    acknowledged_at: datetime | None = None

    @property
    def answered_s(self) -> float | None:
        """From the page to its acknowledgement; None without either."""
        if self.paged_at is None or self.acknowledged_at is None:
            return None
        return max(0.0, (self.acknowledged_at - self.paged_at).total_seconds())

    @property
    def lasted_s(self) -> float | None:
        return None if self.ended_at is None else (self.ended_at - self.opened_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Week:
    """``begins``: its Monday."""

    begins: date
    pages: int


@dataclass(frozen=True, slots=True)
class Noise:
    """How often one objective paged, and how many of those pages nobody acknowledged."""

    objective: str
    pages: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class OnCall:
    """Medians in seconds; None where there is nothing to take one of. ``resolved``: of pages that are over."""

    pages: int
    tickets: int
    acknowledged: int
    answer_s: float | None
    resolve_s: float | None
    weeks: tuple[Week, ...]
    noisiest: tuple[Noise, ...]
    pages_a_week: float


def on_call(calls: Iterable[Call], *, since: datetime, until: datetime, noisiest: int = 5) -> OnCall:
    """Of the pages delivered, and the tickets opened, in [since, until). ``until`` is not in the future.

    A page counts for every objective that it was about.
    """
    known = list(calls)
    pages = [call for call in known if call.paged_at is not None and since <= call.paged_at < until]
    tickets = [call for call in known if call.paged_at is None and since <= call.opened_at < until]
    answers = [seconds for call in pages if (seconds := call.answered_s) is not None]
    lengths = [seconds for call in pages if (seconds := call.lasted_s) is not None]
    weeks = max((until - since) / _WEEK, 1 / 7)
    return OnCall(
        pages=len(pages),
        tickets=len(tickets),
        acknowledged=sum(call.acknowledged_at is not None for call in pages),
        answer_s=median(answers) if answers else None,
        resolve_s=median(lengths) if lengths else None,
        weeks=tuple(_weeks(pages, since, until)),
        noisiest=tuple(_noises(pages)[:noisiest]),
        pages_a_week=len(pages) / weeks,
    )


def _weeks(pages: Sequence[Call], since: datetime, until: datetime) -> Iterable[Week]:
    """Every week that the time touches, those without a page too."""
    counted: defaultdict[date, int] = defaultdict(int)
    for call in pages:
        if call.paged_at is not None:
            counted[_monday(call.paged_at)] += 1
    monday = _monday(since)
    while datetime.combine(monday, time(), UTC) < until:
        yield Week(monday, counted[monday])
        monday += _WEEK


def _noises(pages: Sequence[Call]) -> list[Noise]:
    of: defaultdict[str, list[Call]] = defaultdict(list)
    for call in pages:
        for objective in dict.fromkeys(call.objectives):
            of[objective].append(call)
    found = [Noise(name, len(its), sum(one.acknowledged_at is None for one in its)) for name, its in of.items()]
    return sorted(found, key=lambda noise: (-noise.pages, -noise.unanswered, noise.objective))


def _monday(at: datetime) -> date:
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
