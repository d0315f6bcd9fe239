"""May this alert be sent now? The state of one key, both severities, and its transitions.

The state machine of claim, send, confirm: Redis runs the same rules in one Lua script, so that replicas
agree; this pure form is the memory of a process that has lost its Redis, and the reference in the contract suite.
Times are milliseconds since the epoch.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from o11y.slo.windows import Severity


class Verdict(StrEnum):
    """The answer to a claim."""

    CLAIMED = "claimed"  # yours to send
    REPEATED = "repeated"  # yours to send; an earlier attempt may have been delivered, so say so
    COOLDOWN = "cooldown"  # this severity was told within its cooldown
    PENDING = "pending"  # another evaluator is sending it
    QUEUED = "queued"  # it waits in the outbox, and will be delivered
    INHIBITED = "inhibited"  # a ticket, while a page of the same key is live

    @property
    def granted(self) -> bool:
        return self in (Verdict.CLAIMED, Verdict.REPEATED)


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """How long each thing holds. ``lease_ms`` exceeds the hard deadline of a send."""

    cooldown_ms: int
    lease_ms: int = 30_000
    hold_ms: int = 0  # pages: the ticket stays inhibited this long after the page last fired
    outbox_ms: int = 24 * 3_600_000
    skew_ms: int = 60_000  # a stamp further ahead than this counts as expired

    def __post_init__(self) -> None:
        if min(self.cooldown_ms, self.hold_ms, self.outbox_ms, self.skew_ms) < 0:
            raise ValueError("terms: a duration is at least 0 ms")
        if self.lease_ms < 1:
            raise ValueError(f"lease_ms: {self.lease_ms} must be at least 1")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a claim is about: one severity of one alert key, and for how long a claim of it holds."""

    key: str
    severity: Severity
    terms: ClaimTerms


PAGE_COOLDOWN_MS = 15 * 60_000
TICKET_COOLDOWN_MS = 4 * 3_600_000


@dataclass(frozen=True, slots=True)
class Span:
    """Something that holds from ``since_ms`` until, but not at, ``until_ms``."""

    since_ms: int
    until_ms: int

    def holds(self, now_ms: int, skew_ms: int) -> bool:
        """Not one that begins more than ``skew_ms`` ahead: the clock stepped back, and it would hold too long."""
        return self.since_ms - skew_ms <= now_ms < self.until_ms


NEVER = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Telling:
    """One severity of a key. ``token`` is set from a claim until its holder has confirmed or queued it."""

    token: str | None = None
    lease: Span = NEVER
    repeated: bool = False  # what the holder's claim was answered: the same again, should it ask again
    queued: Span = NEVER
    told_at_ms: int | None = None


UNTOLD = Telling()


@dataclass(frozen=True, slots=True)
class State:
    """Everything known of one alert key. ``live``: a page fires, from its last claim on for ``hold_ms``."""

    page: Telling = UNTOLD
    ticket: Telling = UNTOLD
    live: Span = NEVER

    def of(self, severity: Severity) -> Telling:
        return self.page if severity is Severity.PAGE else self.ticket


NEW = State()


def claim(state: State, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int) -> tuple[Verdict, State]:
    """Ask to send. Asking again with the same token is answered the same, so a lost answer may be asked for again.

    A page claim, granted or not, proves that the page fires now, and never looks at the ticket. Of several reasons
    to refuse, INHIBITED is named first (a page speaks for this ticket, whatever else holds), then COOLDOWN, QUEUED,
    PENDING.
    """
    if severity is Severity.PAGE:
        state = replace(state, live=Span(now_ms, now_ms + terms.hold_ms))
    elif state.live.holds(now_ms, terms.skew_ms):
        return Verdict.INHIBITED, state
    telling = state.of(severity)
    verdict = _answer(telling, terms, token=token, now_ms=now_ms)
    if verdict.granted:
        lease = Span(now_ms, now_ms + terms.lease_ms)
        telling = replace(telling, token=token, lease=lease, repeated=verdict is Verdict.REPEATED)
    return verdict, _put(state, severity, telling)


def queue(state: State, severity: Severity, terms: ClaimTerms, *, token: str, now_ms: int) -> State:
    """Delivery failed; the outbox has it. Another evaluator's lease is left alone.

    A page that was not known to wait is live from now on: its claim may have been made without this memory.
    """
    telling = _released(state.of(severity), token)
    if severity is Severity.PAGE and not telling.queued.holds(now_ms, terms.skew_ms):
        state = replace(state, live=Span(now_ms, now_ms + terms.hold_ms))
    return _put(state, severity, replace(telling, queued=Span(now_ms, now_ms + terms.outbox_ms)))


def confirm(state: State, severity: Severity, *, token: str, now_ms: int) -> State:
    """Delivered: the cooldown starts, also when the lease had meanwhile gone to another."""
    telling = _released(state.of(severity), token)
    return _put(state, severity, replace(telling, queued=NEVER, told_at_ms=now_ms))


def restore(state: State, severity: Severity, terms: ClaimTerms, *, told_at_ms: int) -> State:
    """A delivery of the past that this memory missed. Whatever is newer stays; an older claim is settled by it.

    Clocks differ by up to the skew, and what the delivery left behind must not outlast it: a queue would for a day.
    """
    telling = state.of(severity)
    if severity is Severity.PAGE and state.live.since_ms < told_at_ms:
        state = replace(state, live=Span(told_at_ms, told_at_ms + terms.hold_ms))
    if telling.told_at_ms is None or telling.told_at_ms < told_at_ms:
        telling = replace(telling, told_at_ms=told_at_ms)
    if telling.queued.since_ms <= told_at_ms + terms.skew_ms:
        telling = replace(telling, queued=NEVER)
    if telling.lease.since_ms <= told_at_ms + terms.skew_ms:
        telling = replace(telling, token=None, lease=NEVER, repeated=False)
    return _put(state, severity, telling)


def restore_queued(state: State, severity: Severity, terms: ClaimTerms, *, queued_at_ms: int) -> State:
    """A wait of the past that this memory missed. It is over if it was told since, by whomever."""
    telling = state.of(severity)
    if telling.told_at_ms is not None and queued_at_ms <= telling.told_at_ms + terms.skew_ms:
        return state
    if severity is Severity.PAGE and state.live.since_ms < queued_at_ms:
        state = replace(state, live=Span(queued_at_ms, queued_at_ms + terms.hold_ms))
    if telling.queued.since_ms < queued_at_ms:
        telling = replace(telling, queued=Span(queued_at_ms, queued_at_ms + terms.outbox_ms))
    return _put(state, severity, telling)


def _answer(telling: Telling, terms: ClaimTerms, *, token: str, now_ms: int) -> Verdict:
    told = telling.told_at_ms
    if told is not None and Span(told, told + terms.cooldown_ms).holds(now_ms, terms.skew_ms):
        return Verdict.COOLDOWN
    if telling.queued.holds(now_ms, terms.skew_ms):
        return Verdict.QUEUED
    if telling.lease.holds(now_ms, terms.skew_ms):
        if telling.token != token:
            return Verdict.PENDING
        return Verdict.REPEATED if telling.repeated else Verdict.CLAIMED
    # A lease that ran out unsettled: its holder crashed before or after delivery. Older than any outbox entry
    # can be, it tells of another incident.
    unsettled = telling.token is not None and now_ms - telling.lease.until_ms < terms.outbox_ms
    return Verdict.REPEATED if unsettled else Verdict.CLAIMED


def _released(telling: Telling, token: str) -> Telling:
    return replace(telling, token=None, lease=NEVER, repeated=False) if telling.token == token else telling


def _put(state: State, severity: Severity, telling: Telling) -> State:
    return replace(state, page=telling) if severity is Severity.PAGE else replace(state, ticket=telling)
