"""The indicator of an objective as the objectives file writes it."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.sli import Indicator, LatencyOf, Sli
from o11y.slo.status_class import StatusClass
from o11y.slo.yaml_fields import Fields, Place, Problem, attempt, integer, one_of, word_of

SLI_KEYS = ("indicator", "bad", "exclude", "threshold_ms", "latency_of")

USER_BYOK = "user_byok"

#: with requests on the user's own key left out, the last two are the operator's own keys and account
DEFAULT_BAD = frozenset(
    {
        StatusClass.SERVER_ERROR,
        StatusClass.OVERLOADED,
        StatusClass.TIMEOUT,
        StatusClass.RATE_LIMITED,
        StatusClass.AUTH_ERROR,
        StatusClass.PAYMENT_REQUIRED,
    }
)
#: the caller's own doing, which says nothing of the service
DEFAULT_EXCLUDED = frozenset({StatusClass.CLIENT_ERROR, StatusClass.CLIENT_CLOSED})

_FAILURES = tuple(status.value for status in StatusClass if status is not StatusClass.OK)
_LATENCIES = (Indicator.LATENCY, Indicator.TTFB)
#: who takes the fields that not every indicator takes
_TAKEN_BY = {
    "bad": (Indicator.ERROR_RATE,),
    "threshold_ms": _LATENCIES,
    "latency_of": _LATENCIES,
    "target": (Indicator.ERROR_RATE, *_LATENCIES),
    "drop": (Indicator.TRAFFIC,),
    "min_volume": (Indicator.TRAFFIC,),
}


def read_sli(fields: Fields, problems: list[Problem]) -> Sli | None:
    """The indicator among an objective's ``fields``; None after a problem."""
    before = len(problems)
    indicator = fields.need("indicator", one_of(Indicator), accepted=", ".join(Indicator))
    if indicator is None:
        return None
    for key, takers in _TAKEN_BY.items():
        if key in fields and indicator not in takers:
            message = f"means nothing for {indicator}, refused; accepted: {key} with {_any_of(takers)}"
            problems.append(fields.place_of(key).says(message))
    sli = _of_indicator(indicator, fields, problems)
    return sli if len(problems) == before else None


def is_of_traffic(fields: Fields) -> bool:
    """Whether an objective's ``fields`` say so, sound or not."""
    return "indicator" in fields and fields.place_of("indicator").node.value == Indicator.TRAFFIC.value


def _any_of(takers: Sequence[Indicator]) -> str:
    *others, last = takers
    return f"{', '.join(others)} or {last}" if others else str(last)


def _of_indicator(indicator: Indicator, fields: Fields, problems: list[Problem]) -> Sli | None:
    match indicator:
        case Indicator.ERROR_RATE:
            return _error_rate(fields, problems)
        case Indicator.LATENCY | Indicator.TTFB:
            return _latency(fields, indicator)
        case Indicator.TRAFFIC:
            excluded = _excluded_byok(fields)
            return None if excluded is None else Sli(indicator, exclude_user_byok=USER_BYOK in excluded)


def _error_rate(fields: Fields, problems: list[Problem]) -> Sli | None:
    bad = fields.get("bad", _names(_FAILURES, problems, at_least=1), default=None)
    accepted = (USER_BYOK, *_FAILURES)
    excluded = fields.get("exclude", _names(accepted, problems), default=None)
    bad_classes = frozenset(map(StatusClass, bad)) if bad else DEFAULT_BAD
    if "exclude" not in fields:
        # What is named bad is meant to count, so the default gives way to it.
        return Sli(Indicator.ERROR_RATE, bad=bad_classes, excluded=DEFAULT_EXCLUDED - bad_classes)
    if excluded is None:
        return None
    classes = frozenset(StatusClass(name) for name in excluded if name != USER_BYOK)
    if both := bad_classes & classes:
        who = "bad" if "bad" in fields else "the default of bad"
        message = f"{', '.join(sorted(both))} refused; accepted: classes that {who} does not name"
        problems.append(fields.place_of("exclude").says(message))
        return None
    return Sli(Indicator.ERROR_RATE, bad=bad_classes, excluded=classes, exclude_user_byok=USER_BYOK in excluded)


def _latency(fields: Fields, indicator: Indicator) -> Sli | None:
    bounds = COMPLETE_BOUNDS_MS if indicator is Indicator.LATENCY else TTFB_BOUNDS_MS
    threshold_ms = fields.need("threshold_ms", _bound(bounds), accepted=f"one of {_spell(bounds)}")
    of = fields.get("latency_of", one_of(LatencyOf), default=LatencyOf.SUCCESSFUL)
    excluded = _excluded_byok(fields)
    if threshold_ms is None or excluded is None:
        return None
    return Sli(indicator, threshold_ms=threshold_ms, latency_of=of, exclude_user_byok=USER_BYOK in excluded)


def _excluded_byok(fields: Fields) -> tuple[str, ...] | None:
    """Where no status class can be left out."""
    default: tuple[str, ...] | None = (USER_BYOK,)
    return fields.get("exclude", _names((USER_BYOK,), fields.problems), default=default)


def _bound(bounds: Sequence[int]) -> Callable[[Place], int]:
    """Reads a latency at which the rollups count; any other could only be guessed."""

    def read(place: Place) -> int:
        accepted = f"one of {_spell(bounds)}"
        value = integer(accepted, fits=lambda number: number > 0)(place)
        if value not in bounds:
            above = bisect_left(bounds, value)
            near = bounds[max(above - 1, 0) : above + 1]
            raise place.refused(
                f"a bound of the rollups, nearest {' and '.join(map(str, near))}; all: {_spell(bounds)}"
            )
        return value

    return read


def _spell(bounds: Sequence[int]) -> str:
    return ", ".join(map(str, bounds))


def _names(
    choices: Sequence[str], problems: list[Problem], *, at_least: int = 0
) -> Callable[[Place], tuple[str, ...] | None]:
    """Reads a list of ``choices`` without repeats; None after a problem in one of them."""
    accepted = f"a list of {', '.join(choices)}"

    def read(place: Place) -> tuple[str, ...] | None:
        items = place.items(accepted)
        if len(items) < at_least:
            raise place.refused(accepted)
        names = [attempt(word_of(choices), item, problems=problems, default=None) for item in items]
        given = tuple(dict.fromkeys(name for name in names if name is not None))
        return None if None in names else given

    return read
