"""Pairs of windows as the objectives file writes them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from o11y.slo.budget import PERIOD_S
from o11y.slo.burn_rate import firing_fraction, highest_burn_rate
from o11y.slo.durations import duration_text, parse_duration_s
from o11y.slo.evidence_fields import COUNT, confidence
from o11y.slo.windows import Severity, WindowPair
from o11y.slo.yaml_fields import Fields, Place, Problem, attempt, number, one_of

PAIRS_ACCEPTED = "a list such as [{severity: page, long: 5m, short: 1m, burn_rate: 14.4}]"


@dataclass(frozen=True, slots=True)
class PairForm:
    """Which pairs an indicator takes: windows on a grain up to a length, all at one burn rate if it is given."""

    accepted: str
    windows: str
    grain_s: int
    longest_s: int
    keys: tuple[str, ...] = ("severity", "long", "short", "burn_rate", "confidence", "max_requests")
    burn_rate: Decimal | None = None


#: on the grain of the counts, at most the period of the budget
BURNING = PairForm(
    PAIRS_ACCEPTED, f"a multiple of 10s up to {duration_text(PERIOD_S)}, such as 90s, 5m, 1h or 3d", 10, PERIOD_S
)


def read_pairs(place: Place, problems: list[Problem], *, form: PairForm = BURNING) -> tuple[WindowPair, ...] | None:
    """A list of at least one pair; None after a problem in one of them."""
    items = place.items(form.accepted)
    if not items:
        raise place.refused(form.accepted)
    pairs = [attempt(lambda p: _read_pair(p, problems, form), item, problems=problems, default=None) for item in items]
    complete = tuple(pair for pair in pairs if pair is not None)
    return complete if len(complete) == len(pairs) else None


def _read_pair(place: Place, problems: list[Problem], form: PairForm) -> WindowPair | None:
    fields = Fields(place, form.keys, problems=problems)
    severity = fields.need("severity", one_of(Severity), accepted="page or ticket")
    long_s = fields.need("long", _window(form), accepted="a duration such as 5m")
    short_s = fields.need("short", _window(form), accepted="a duration shorter than long")
    above = "a number above 0"
    burn_rate = form.burn_rate
    if burn_rate is None:
        burn_rate = fields.need("burn_rate", number(above, fits=lambda value: value > 0), accepted=above)
    if long_s is not None and short_s is not None and short_s >= long_s:
        problems.append(
            fields.place_of("short").refused(f"a duration shorter than long, {duration_text(long_s)}").problem
        )
        return None
    own = fields.get("confidence", confidence, default=None)
    max_requests = fields.get("max_requests", COUNT, default=None)
    if severity is None or long_s is None or short_s is None or burn_rate is None:
        return None
    return WindowPair(severity, long_s, short_s, burn_rate, own, max_requests)


def _window(form: PairForm) -> Callable[[Place], int]:
    def read(place: Place) -> int:
        written = place.scalar(form.windows, tags=("str", "int"))
        try:
            seconds = parse_duration_s(written)
        except ValueError as error:
            raise place.refused(form.windows) from error
        if not form.grain_s <= seconds <= form.longest_s or seconds % form.grain_s:
            raise place.refused(form.windows)
        return seconds

    return read


def unreachable(place: Place, pairs: tuple[WindowPair, ...], *, target: Decimal) -> list[Problem]:
    """A problem for each pair whose burn rate not even a complete outage reaches, on its line if it is written here."""
    problems = []
    for index, pair in enumerate(pairs):
        if (message := never_fires(pair, target)) is not None:
            written_at = place.items(PAIRS_ACCEPTED)[index] if place.is_list else place
            problems.append(written_at.says(message))
    return problems


def never_fires(pair: WindowPair, target: Decimal) -> str | None:
    """Why not even a complete outage reaches the burn rate of ``pair``; None where it does."""
    budget = 1 - target
    if firing_fraction(pair.burn_rate, budget) <= 1:
        return None
    highest = f"at most {highest_burn_rate(budget):f}, the burn rate of a complete outage at target {target:f}"
    windows = f"{duration_text(pair.long_s)}/{duration_text(pair.short_s)}"
    return f"burn_rate {pair.burn_rate:f} of the {pair.severity} {windows} can never fire, refused; accepted: {highest}"
