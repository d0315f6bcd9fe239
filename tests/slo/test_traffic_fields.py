"""A drop of traffic in the objectives file."""

from decimal import Decimal

import pytest

from o11y.slo.counts import Ratio
from o11y.slo.dimension import Scope
from o11y.slo.evaluation import Reason, judge
from o11y.slo.evidence import Evidence
from o11y.slo.objective import Objective
from o11y.slo.objectives_file import ObjectivesError, load_objectives
from o11y.slo.sli import Indicator, Sli
from o11y.slo.windows import Severity, WindowPair
from tests.builders import objective

#: the objective is line 3
DROP = """\
version: 1
objectives:
  - name: silent
    indicator: traffic
    windows: [{severity: ticket, long: 30m, short: 10m}]
"""


def read(content: str = DROP) -> Objective:
    [found] = load_objectives(content, name="o.yaml")
    return found


def refusal(content: str) -> str:
    with pytest.raises(ObjectivesError) as caught:
        load_objectives(content, name="o.yaml")
    return str(caught.value)


def with_line(line: str) -> str:
    return f"{DROP}    {line}\n"


def test_the_share_that_is_missing_becomes_a_target_and_a_burn_rate_of_one() -> None:
    found = read()
    assert found.sli == Sli(Indicator.TRAFFIC)
    assert (found.target, found.family) == (Decimal("0.05"), "traffic per model")
    assert found.pairs == (WindowPair(Severity.TICKET, 1_800, 600, Decimal(1)),)
    assert found.evidence == Evidence(min_volume=60)


def test_every_field_is_read() -> None:
    found = read(
        """\
version: 1
objectives:
  - name: silent
    indicator: traffic
    per: client
    drop: 0.8
    min_volume: 600
    exclude: []
    match: {client: "web*"}
    evidence: {confidence: 0.999}
    windows: [{severity: page, long: 10m, short: 5m, confidence: 0.99}]
"""
    )
    assert found.sli == Sli(Indicator.TRAFFIC, exclude_user_byok=False, per=Scope.CLIENT)
    assert (found.scope, found.target, found.match.client) == (Scope.CLIENT, Decimal("0.2"), "web*")
    assert found.evidence == Evidence(confidence=Decimal("0.999"), min_volume=600)
    assert found.pairs[0].confidence == Decimal("0.99")


@pytest.mark.parametrize(
    ("missing", "usual", "reason"),
    [
        (120, 120, Reason.FIRING),
        (114, 120, Reason.FIRING),  # exactly at 95 %
        (113, 120, Reason.LONG_BELOW),
        (0, 120, Reason.LONG_BELOW),
        (30, 30, Reason.FIRING),  # 60 an hour
        (29, 29, Reason.TOO_FEW_REQUESTS),
        (0, 0, Reason.NO_REQUESTS),
    ],
)
def test_a_drop_fires_from_its_share_and_its_volume_on(missing: int, usual: int, reason: Reason) -> None:
    found = read()
    counted = Ratio(missing, usual)
    assert judge(found, found.pairs[0], {1_800: counted, 600: counted}) is reason


def test_traffic_that_is_back_in_the_short_window_ends_it() -> None:
    found = read()
    assert judge(found, found.pairs[0], {1_800: Ratio(120, 120), 600: Ratio(30, 40)}) is Reason.SHORT_BELOW


def test_what_chance_may_hold_back_is_no_evidence() -> None:
    rare = read(with_line("min_volume: 1"))
    assert judge(rare, rare.pairs[0], {1_800: Ratio(13, 13), 600: Ratio(4, 4)}) is Reason.MAY_BE_CHANCE
    assert judge(rare, rare.pairs[0], {1_800: Ratio(14, 14), 600: Ratio(4, 4)}) is Reason.FIRING


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (with_line("target: 0.9"), "o.yaml:6: objectives[0].target: means nothing for traffic"),
        (with_line("threshold_ms: 500"), "accepted: threshold_ms with latency or ttfb"),
        (with_line("bad: [timeout]"), "accepted: bad with error_rate"),
        (with_line("drop: 1"), "o.yaml:6: objectives[0].drop: 1 refused; accepted: the share that is missing"),
        (with_line("drop: 0.4"), "a number from 0.5 to 0.999"),
        (with_line("min_volume: 0"), "o.yaml:6: objectives[0].min_volume: 0 refused; accepted: a whole number"),
        (with_line("exclude: [client_error]"), "'client_error' refused; accepted: user_byok"),
        (DROP.replace("10m}", "10m, burn_rate: 2}"), "burn_rate: unknown key refused; accepted: severity, long, short"),
        (DROP.replace("30m", "31m"), "'31m' refused; accepted: a multiple of 5m up to 6h"),
        (DROP.replace("30m", "7h"), "'7h' refused; accepted: a multiple of 5m up to 6h"),
        (DROP.replace("10m", "90s"), "'90s' refused"),
        (DROP.replace("[{severity: ticket, long: 30m, short: 10m}]", "errors"), "accepted: a list of its own such as"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_line(content: str, told: str) -> None:
    assert told in refusal(content)


def test_the_words_of_a_drop_are_refused_elsewhere() -> None:
    errors = DROP.replace("traffic", "error_rate").replace("10m}", "10m, burn_rate: 2}") + "    target: 0.9\n"
    assert "objectives[0].drop: means nothing for error_rate, refused; accepted: drop with traffic" in refusal(
        errors + "    drop: 0.9\n"
    )


def test_an_objective_counts_the_sums_that_it_judges() -> None:
    with pytest.raises(ValueError, match="traffic per model does not fit an objective per client"):
        objective(sli=Sli(Indicator.TRAFFIC), scope=Scope.CLIENT, target="0.05", pairs=read().pairs)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"threshold_ms": 500}, "threshold_ms: traffic takes none"),
        ({"bad": frozenset({"timeout"})}, "takes no status classes"),
    ],
)
def test_an_indicator_of_traffic_takes_nothing_that_it_does_not_count(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Sli(Indicator.TRAFFIC, **changes)  # type: ignore[arg-type]


def test_other_indicators_are_the_same_in_every_sum() -> None:
    with pytest.raises(ValueError, match="per: latency is counted the same in every sum"):
        Sli(Indicator.LATENCY, threshold_ms=500, per=Scope.CLIENT)
