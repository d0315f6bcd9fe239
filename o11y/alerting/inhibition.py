"""Whether an open incident speaks for a new alert, so that it need not wake anybody by itself."""

from collections.abc import Collection, Iterable, Mapping

from o11y.alerting.alert import Alert
from o11y.alerting.incident import Cause, Delivered, Incident, Member
from o11y.alerting.traffic import Slice, Traffic
from o11y.alerting.wording_cause import shared_text
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Reason, judge
from o11y.slo.objective import Objective
from o11y.slo.windows import Severity, WindowPair


def inhibits(
    incident: Incident,
    alert: Alert,
    *,
    delivered: Delivered,
    traffic: Traffic,
    objectives: Mapping[str, Objective],
    named: Collection[Dimension] = (),
) -> str | None:
    """Why the alert becomes a member of ``incident`` instead of being told by itself; None when it is to be told.

    Only an open incident of the same indicator speaks for others, once its message has reached somebody: a page is
    held back by a page. It speaks for what its cause covers; but where its cause has an aggregate of the alert, only
    while that fires without the alert too, or when the message ``named`` it. It speaks also for an aggregate, however
    wide, of which its members explain most. An aggregate that is there for that reason speaks for nobody: another
    outage of the same client is news. ``objectives`` are those in force, by name; ``traffic`` is of the alert's minute.
    """
    if not incident.is_open or incident.cause.indicator is not alert.objective.sli.indicator:
        return None
    if not _has_reached_somebody(delivered, alert.severity):
        return None
    if incident.cause.covers(alert.dimension):
        sums = (member for member in incident.members if member.dimension.model is None)
        wider = [member for member in sums if _is_part(alert.dimension, member.dimension, incident.cause)]
        if wider:
            return _held_by(wider, alert, traffic, objectives, named)
        return f"joined {shared_text(incident.cause.shared)}"
    if alert.dimension.scope is not Scope.MODEL and _explains(incident, alert, traffic):
        return f"most of it is {shared_text(incident.cause.shared)}"
    return None


def _has_reached_somebody(delivered: Delivered, severity: Severity) -> bool:
    if severity is Severity.PAGE:
        return delivered.paged_at is not None
    return delivered.told_at is not None or delivered.paged_at is not None


def _is_part(dimension: Dimension, aggregate: Dimension, cause: Cause) -> bool:
    """Whether ``dimension`` is counted in an aggregate that is of the cause, and is not all of it."""
    inside = Cause(aggregate, cause.indicator).covers(dimension)
    return inside and aggregate != dimension and cause.covers(aggregate)


# ---------------------------------------------------------------- an aggregate and its parts


def _held_by(
    aggregates: Iterable[Member],
    alert: Alert,
    traffic: Traffic,
    objectives: Mapping[str, Objective],
    named: Collection[Dimension],
) -> str | None:
    """By the first aggregate whose own page was told, or whose ticket was where the alert is one."""
    for member in aggregates:
        if member.told is None or (alert.severity is Severity.PAGE and member.told is not Severity.PAGE):
            continue
        whole = shared_text(member.dimension)
        if alert.dimension in named:
            return f"named in the message about {whole}"
        base = objectives.get(member.objective)
        objective = None if base is None else base.at(member.dimension)
        if objective is not None and _fires_without(objective, member, alert, traffic):
            return f"{whole} fires without it"
    return None


def _fires_without(objective: Objective, member: Member, alert: Alert, traffic: Traffic) -> bool:
    """Whether the aggregate fires as urgently as ``alert`` with every event of the alert's dimension taken out."""
    pairs = objective.pairs_of(Severity.PAGE) if alert.severity is Severity.PAGE else objective.pairs
    return any(_judged_without(objective, pair, member.dimension, alert.dimension, traffic) for pair in pairs)


def _judged_without(
    objective: Objective, pair: WindowPair, whole: Dimension, part: Dimension, traffic: Traffic
) -> bool:
    windows = {
        window_s: _difference(traffic.within(objective.sli, window_s), whole, part)
        for window_s in (pair.long_s, pair.short_s)
    }
    return judge(objective, pair, windows) is Reason.FIRING


def _difference(counted: Slice, whole: Dimension, part: Dimension) -> Ratio:
    everything, taken = counted.ratio(whole), counted.ratio(part)
    return Ratio(everything.bad - taken.bad, everything.valid - taken.valid)


# ---------------------------------------------------------------- an aggregate and what explains it


def _explains(incident: Incident, alert: Alert, traffic: Traffic) -> bool:
    """Whether more than half of the aggregate's bad events are of the incident's members."""
    own = {member.dimension for member in incident.members}
    counted = traffic.within(alert.objective.sli, alert.pair.long_s)
    sums = [Cause(each, incident.cause.indicator) for each in own if each.scope is not Scope.MODEL]
    if sums:
        inside = (
            row for row in counted.within(alert.dimension) if row[0] in own or any(s.covers(row[0]) for s in sums)
        )
        bad = sum(ratio.bad for _, ratio in inside)
    else:  # a thousand incidents of single dimensions may be asked: of each only its own counts are looked at
        whole = Cause(alert.dimension, incident.cause.indicator)
        bad = sum(counted.ratio(each).bad for each in own if whole.covers(each))
    return 2 * bad > alert.long.bad
