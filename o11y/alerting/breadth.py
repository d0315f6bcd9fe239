"""How far an incident reaches now, and how far it reached at the worst."""

from dataclasses import replace
from decimal import Decimal

from o11y.alerting.incident import Extent, Incident, Member
from o11y.alerting.minute import Minute
from o11y.alerting.traffic import ALL_TRAFFIC
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity


def extent_now(incident: Incident, minute: Minute) -> Extent | None:
    """Of everything that fires by the same indicator; None when nothing of the incident does."""
    if not incident.fires(minute.at):
        return None
    worst = min(incident.members, key=worst_first)
    objective = minute.objective_of(worst)
    return None if objective is None else minute.extent(incident.cause, objective.sli, worst.pair.long_s)


def nothing_came(incident: Incident, minute: Minute) -> bool:
    """Whether all traffic is missing, of this incident and of everybody else."""
    if incident.cause.indicator is not Indicator.TRAFFIC or not incident.fires(minute.at):
        return False
    worst = min(incident.members, key=worst_first)
    objective = minute.objective_of(worst)
    if objective is None:
        return False
    everything = minute.traffic.within(objective.sli, worst.pair.long_s).ratio(ALL_TRAFFIC)
    return everything.bad == everything.valid > 0


def with_extent(incident: Incident, minute: Minute) -> Incident:
    """The incident that remembers its widest extent. A single dimension has none worth remembering."""
    found = None if incident.cause.is_single else extent_now(incident, minute)
    widest = incident.widest
    if found is None or (widest is not None and widest.firing >= found.firing):
        return incident
    numbers = Extent(found.firing, found.active, found.clients, found.providers, found.models)
    return replace(incident, widest=numbers)


def worst_first(member: Member) -> tuple[bool, Decimal, int, str]:
    """Pages, then the times over the threshold, then bad events; the rest only settles ties."""
    excess = member.burn_rate / member.pair.burn_rate
    return member.severity is not Severity.PAGE, -excess, -member.long.bad, str(member.dimension)
