"""An SLI as expressions over the columns of the rollups, and over those of the events."""

from collections.abc import Iterable

from o11y.slo.sli import Indicator, LatencyOf, Sli
from o11y.slo.status_class import StatusClass


def valid_of_rollup(sli: Sli) -> str:
    """How many events of a bucket are valid, byok aside."""
    every = sli.latency_of is LatencyOf.EVERY_REQUEST
    match sli.indicator:
        case Indicator.ERROR_RATE:
            return _sum(status for status in StatusClass if status not in sli.excluded) if sli.excluded else "total"
        case Indicator.LATENCY:
            return "total" if every else StatusClass.OK.value
        case Indicator.TTFB:
            return "ttfb_all_valid" if every else "ttfb_valid"
        case Indicator.TRAFFIC:
            return "total"


def bad_of_rollup(sli: Sli) -> str:
    """How many events of a bucket are bad, byok aside."""
    every = "_all" if sli.latency_of is LatencyOf.EVERY_REQUEST else ""
    match sli.indicator:
        case Indicator.ERROR_RATE:
            return _sum(status for status in StatusClass if status in sli.bad)
        case Indicator.LATENCY:
            return f"{valid_of_rollup(sli)} - complete{every}_le_{sli.threshold_ms}"
        case Indicator.TTFB:
            return f"{valid_of_rollup(sli)} - ttfb{every}_le_{sli.threshold_ms}"
        case Indicator.TRAFFIC:
            return "0"  # what came is not missing


def valid_event(sli: Sli) -> str:
    """The condition under which a row of ``api_events`` is valid."""
    conditions = ["NOT user_byok"] if sli.exclude_user_byok else []
    if sli.indicator is Indicator.ERROR_RATE:
        if sli.excluded:
            conditions.append(f"status_class NOT IN ({_quoted(sli.excluded)})")
    elif sli.indicator is not Indicator.TRAFFIC:
        if sli.latency_of is LatencyOf.SUCCESSFUL:
            conditions.append(f"status_class = '{StatusClass.OK}'")
        if sli.indicator is Indicator.TTFB:
            conditions.append("is_streaming")
    return " AND ".join(conditions) or "true"


def bad_event(sli: Sli) -> str:
    """The condition under which a valid row of ``api_events`` is bad."""
    if sli.indicator is Indicator.ERROR_RATE:
        return f"status_class IN ({_quoted(sli.bad)})"
    if sli.indicator is Indicator.TRAFFIC:
        return "false"  # what came is not missing
    return f"{latency_column(sli)} > {sli.threshold_ms}"


def latency_column(sli: Sli) -> str:
    return "complete_request_ms" if sli.indicator is Indicator.LATENCY else "ttfb_ms"


def _sum(classes: Iterable[StatusClass]) -> str:
    return " + ".join(status.value for status in classes) or "0"


def _quoted(classes: Iterable[StatusClass]) -> str:
    return ", ".join(f"'{status}'" for status in sorted(classes))
