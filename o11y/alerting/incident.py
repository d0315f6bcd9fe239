"""An incident: one cause, the alerts that it set off, and what was told of it, from the first of them to the last.

Values alone. ``lifecycle`` says how they change, ``cause`` which alerts belong together.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity, WindowPair


class Change(StrEnum):
    """What happened to an incident; the words of the alert history."""

    FIRED = "fired"
    REOPENED = "reopened"  # it returned soon after it was resolved
    ESCALATED = "escalated"  # a ticket became a page
    JOINED = "joined"  # more dimensions
    WORSENED = "worsened"
    IMPROVED = "improved"
    REMINDED = "reminded"  # it still fires after the cooldown
    ACKNOWLEDGED = "acknowledged"
    NO_DATA = "no_data"  # it does not fire, and nothing says that it is well
    RESOLVED = "resolved"
    EXPIRED = "expired"  # a day without data, or its objective is gone: closed, its recovery never confirmed


class Phase(StrEnum):
    FIRING = "firing"
    NO_DATA = "no data"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Cause:
    """What the members share: names that are not ``None``. A single alert's cause is its own dimension.

    An aggregate of a provider has the cause ``Dimension(None, provider, None)``, and so has a group of its models.
    Everything at once has the cause of all traffic.
    """

    shared: Dimension
    indicator: Indicator

    def covers(self, dimension: Dimension) -> bool:
        """Whether the dimension lies within what is shared. All traffic covers every dimension."""
        pairs = zip(
            (self.shared.client, self.shared.provider, self.shared.model),
            (dimension.client, dimension.provider, dimension.model),
            strict=True,
        )
        return all(wanted is None or wanted == name for wanted, name in pairs)

    @property
    def is_single(self) -> bool:
        return None not in (self.shared.client, self.shared.provider, self.shared.model)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of what shares the cause is affected: model dimensions with traffic, and who is well.

    ``firing`` of ``active`` fire; ``well`` names some of those that share the cause and are not affected, and
    ``neighbours`` some beside it, each a name of its ``..._label`` (provider, model, client), most traffic first.
    ``clients`` and ``models`` are (firing, active) counts, for "14 of 15 models, all clients".
    """

    firing: int = 0
    active: int = 0
    clients: tuple[int, int] = (0, 0)
    providers: tuple[int, int] = (0, 0)
    models: tuple[int, int] = (0, 0)
    well: tuple[str, ...] = ()
    well_more: int = 0
    well_label: str = "model"
    neighbours: tuple[str, ...] = ()
    neighbours_more: int = 0
    neighbours_label: str = ""


@dataclass(frozen=True, slots=True)
class Mute:
    """Why a member is not told; nothing when it is. ``silence`` names the silence that keeps it quiet."""

    why: str = ""
    silence: str = ""


LOUD = Mute()


@dataclass(frozen=True, slots=True)
class Member:
    """One objective of one dimension in an incident. Times are evaluated minutes, UTC.

    ``pair``, ``long`` and ``short`` are those of the latest minute at which it fired. ``severity`` only rises.
    """

    key: str
    objective: str
    dimension: Dimension
    severity: Severity
    pair: WindowPair
    long: Ratio
    short: Ratio
    since: datetime
    fired_at: datetime
    burn_rate: Decimal  # of the long window, at ``fired_at``
    peak: Decimal  # the highest of those
    data_at: datetime  # the latest minute with valid events
    well_at: datetime | None = None  # the latest minute with valid events and too few bad ones for any of its pairs
    told: Severity | None = None  # as what it was in a message, of its own or of its incident
    muted: str = ""  # why it is not told: "silenced: ...", or nothing
    was_muted: bool = False  # until it is told
    silence: str = ""  # the one that keeps it quiet, or did until it is told, by name
    lowered_because: str | None = None
    spoken_for: bool = False  # a sum that the others explain: muted when they are
    ticket_held: bool = False  # a page, and the history knows that its ticket is inhibited

    def fires(self, minute: datetime) -> bool:
        return self.fired_at >= minute


@dataclass(frozen=True, slots=True)
class Told:
    """What the last message said, so that the next one can say what has changed."""

    change: Change
    at: datetime  # the minute it told of
    severity: Severity
    firing: int  # members
    burn_rate: Decimal  # of the worst that fired then
    joined_at: datetime | None = None  # when joiners were last told
    urged_at: datetime | None = None  # when somebody was last asked to act: its cooldown begins there


@dataclass(frozen=True, slots=True)
class Level:
    """How bad it was when that was last told or written down: worse and better are so beside it."""

    at: datetime
    burn_rate: Decimal  # of the worst that fired then


@dataclass(frozen=True, slots=True)
class Incident:
    """``evaluated_at`` is the newest minute that it knows; an older one changes nothing but adds what it missed.

    ``version`` grows by one with each change kept: of two writers the second is refused.
    """

    incident_id: str
    cause: Cause
    members: tuple[Member, ...]
    opened_at: datetime
    evaluated_at: datetime
    phase: Phase = Phase.FIRING
    told: Told | None = None
    resolved_at: datetime | None = None
    no_data_since: datetime | None = None  # set once it was told
    reopened: int = 0
    version: int = 0
    widest: Extent | None = None  # how far it reached at the worst, in numbers alone
    writer: str = ""  # of this version: two evaluators may come to the same, and only one of them is to tell it
    level: Level | None = None

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("members: an incident has at least one")

    @property
    def severity(self) -> Severity:
        paging = any(member.severity is Severity.PAGE for member in self.members)
        return Severity.PAGE if paging else Severity.TICKET

    @property
    def loud(self) -> tuple[Member, ...]:
        """Those that are not muted."""
        return tuple(member for member in self.members if not member.muted)

    @property
    def told_as(self) -> Severity:
        """What its messages are: never a page because of one that is muted, and a page once it was told as one."""
        loud = self.loud
        if self.told is not None and (self.told.severity is Severity.PAGE or not loud):
            return self.told.severity
        paging = any(member.severity is Severity.PAGE for member in loud or self.members)
        return Severity.PAGE if paging else Severity.TICKET

    @property
    def leading(self) -> tuple[Member, ...]:
        """Those of its severity: a page is over when its pages are, whatever tickets it speaks for.

        What was told as a ticket, its page being muted, is over when all of it is.
        """
        if self.told is not None and self.told.severity is Severity.TICKET:
            return self.members
        severity = self.severity
        return tuple(member for member in self.members if member.severity is severity)

    @property
    def is_open(self) -> bool:
        return self.phase is not Phase.RESOLVED

    @property
    def fired_at(self) -> datetime:
        """The latest minute at which any of its severity fired."""
        return max(member.fired_at for member in self.leading)

    def fires(self, minute: datetime) -> bool:
        return self.fired_at >= minute

    @property
    def peak(self) -> Decimal:
        return max(member.peak for member in self.members)


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a receiver that keeps conversations has put an incident's message."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """What is known of an incident's messages beside its own state. ``paged_at``: a page of it reached its receiver."""

    told_at: datetime | None = None
    paged_at: datetime | None = None
    threads: dict[str, Thread] = field(default_factory=dict)  # by severity of the receiver
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None


UNDELIVERED = Delivered()
