from collections.abc import Mapping
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Evaluator, PairVerdict, Reason, breaches, evaluate, explain, judge
from o11y.slo.objective import Evidence, Match, Objective
from o11y.slo.sli import Sli
from tests.builders import ERROR_RATE, PAGE_5M, dimension, latency, objective, pair

ONE_PAIR = (PAGE_5M,)
LOWEST = Evidence(min_requests=1, min_bad=1, confidence=None)


def windows(long: Ratio, short: Ratio | None = None) -> Mapping[int, Ratio]:
    return {300: long, 60: short if short is not None else long}


def counted(*entries: tuple[Dimension, Ratio], sli: Sli = ERROR_RATE) -> Counts:
    return {where: {sli: windows(ratio)} for where, ratio in entries}


def spoken(verdicts: list[PairVerdict]) -> list[tuple[str, Dimension]]:
    return [(verdict.objective.name, verdict.dimension) for verdict in verdicts]


# ---------------------------------------------------------------- one pair


@pytest.mark.parametrize(
    ("long", "short", "reason"),
    [
        (Ratio(50, 100), Ratio(10, 20), Reason.FIRING),
        (Ratio(144, 10_000), Ratio(144, 10_000), Reason.FIRING),
        (Ratio(0, 0), Ratio(0, 0), Reason.NO_REQUESTS),
        (Ratio(143, 10_000), Ratio(20, 20), Reason.LONG_BELOW),
        (Ratio(1, 10), Ratio(1, 1), Reason.TOO_FEW_BAD),
        (Ratio(2, 15), Ratio(1, 1), Reason.MAY_BE_CHANCE),
        (Ratio(50, 100), Ratio(0, 20), Reason.SHORT_BELOW),
        (Ratio(50, 100), Ratio(0, 0), Reason.SHORT_BELOW),
        (Ratio(50, 100), Ratio(143, 10_000), Reason.SHORT_BELOW),
    ],
)
def test_a_pair_says_why(long: Ratio, short: Ratio, reason: Reason) -> None:
    assert judge(objective(), PAGE_5M, windows(long, short)) is reason
    [verdict] = evaluate([objective(pairs=ONE_PAIR)], {dimension(): {ERROR_RATE: windows(long, short)}})
    assert verdict.reason is reason
    assert (verdict.long, verdict.short) == (long, short)
    assert verdict.firing == (reason is Reason.FIRING)


def test_evidence_exactly_at_its_minimum_is_enough() -> None:
    assert judge(objective(), PAGE_5M, windows(Ratio(2, 14))) is Reason.FIRING


def test_windows_and_indicators_that_were_not_counted_hold_nothing() -> None:
    assert judge(objective(), PAGE_5M, {}) is Reason.NO_REQUESTS
    [verdict] = evaluate([objective(pairs=ONE_PAIR)], {dimension(): {}})
    assert verdict.reason is Reason.NO_REQUESTS


# ---------------------------------------------------------------- which objective speaks


def test_the_most_specific_match_of_a_family_speaks_alone() -> None:
    general = objective(name="general", pairs=ONE_PAIR)
    vendor = objective(name="vendor", pairs=ONE_PAIR, match=Match(model="vendor/*"))
    model = objective(name="model", pairs=ONE_PAIR, match=Match(model="vendor/model"))
    counts = counted(
        (dimension("vendor/model"), Ratio(5, 10)), (dimension("vendor/b"), Ratio(5, 10)), (dimension("c"), Ratio(5, 10))
    )
    for order in ([general, vendor, model], [model, vendor, general]):
        assert set(spoken(breaches(order, counts))) == {
            ("model", dimension("vendor/model")),
            ("vendor", dimension("vendor/b")),
            ("general", dimension("c")),
        }


def test_among_equally_specific_ones_the_first_in_the_file_speaks() -> None:
    first, second = objective(name="first", pairs=ONE_PAIR), objective(name="second", pairs=ONE_PAIR)
    assert spoken(breaches([first, second], counted((dimension(), Ratio(5, 10))))) == [("first", dimension())]


def test_families_do_not_silence_each_other() -> None:
    slow = objective(name="p90", sli=latency(), target="0.9", pairs=(pair(burn_rate=5),))
    counts = {dimension(): {ERROR_RATE: windows(Ratio(5, 10)), latency(): windows(Ratio(10, 20))}}
    assert spoken(breaches([objective(pairs=ONE_PAIR), slow], counts)) == [
        ("error-rate", dimension()),
        ("p90", dimension()),
    ]


def test_a_dimension_that_no_objective_matches_has_no_verdict() -> None:
    narrow = objective(match=Match(client="somebody"))
    assert evaluate([narrow], counted((dimension(), Ratio(5, 10)))) == []


# ---------------------------------------------------------------- aggregates


def test_an_aggregate_sums_the_dimensions_it_folds_together() -> None:
    counts = counted(
        (dimension("a", client="x", provider="p"), Ratio(1, 4)),
        (dimension("b", client="x", provider="p"), Ratio(1, 4)),
        (dimension("a", client="y", provider="p"), Ratio(1, 4)),
        (dimension("a", client="x", provider="q"), Ratio(0, 4)),
    )
    found = {
        verdict.dimension: (verdict.long, verdict.reason)
        for scope in Scope
        for verdict in evaluate([objective(scope=scope, pairs=ONE_PAIR)], counts)
        if scope is not Scope.MODEL
    }
    assert found == {
        Dimension(None, "p", None): (Ratio(3, 12), Reason.FIRING),
        Dimension(None, "q", None): (Ratio(0, 4), Reason.LONG_BELOW),
        Dimension("x", None, None): (Ratio(2, 12), Reason.FIRING),
        Dimension("y", None, None): (Ratio(1, 4), Reason.TOO_FEW_BAD),
        Dimension(None, None, None): (Ratio(3, 16), Reason.FIRING),
    }


def test_an_aggregate_matches_by_the_names_it_keeps() -> None:
    only_p = objective(scope=Scope.PROVIDER, match=Match(provider="p"), pairs=ONE_PAIR)
    counts = counted((dimension(provider="p"), Ratio(5, 10)), (dimension(provider="q"), Ratio(5, 10)))
    assert spoken(breaches([only_p], counts)) == [("error-rate", Dimension(None, "p", None))]


def test_an_aggregate_sums_windows_that_only_some_dimensions_have() -> None:
    counts = {
        dimension("a"): {ERROR_RATE: {300: Ratio(5, 10)}},
        dimension("b"): {ERROR_RATE: {60: Ratio(2, 2)}},
        dimension("c"): {},
    }
    [verdict] = breaches([objective(scope=Scope.ALL, pairs=ONE_PAIR)], counts)
    assert (verdict.long, verdict.short) == (Ratio(5, 10), Ratio(2, 2))


def test_no_traffic_at_all_breaches_nothing() -> None:
    assert breaches([objective(scope=scope) for scope in Scope], {}) == []


# ---------------------------------------------------------------- explanations


def test_an_explanation_names_the_overruled_objective_and_the_one_that_overrules_it() -> None:
    general = objective(name="general", pairs=ONE_PAIR)
    special = objective(name="special", pairs=ONE_PAIR, match=Match(model="vendor/*"))
    told = explain([general, special], counted((dimension(), Ratio(5, 10))), dimension=dimension())
    assert told.overruled == ((general, special),)
    assert [(verdict.objective, verdict.reason) for verdict in told.verdicts] == [(special, Reason.FIRING)]


def test_a_dimension_without_traffic_is_explained_too() -> None:
    told = explain([objective(pairs=ONE_PAIR)], {}, dimension=dimension())
    assert [verdict.reason for verdict in told.verdicts] == [Reason.NO_REQUESTS]


def test_an_aggregate_is_explained_by_its_sum() -> None:
    counts = counted((dimension("a"), Ratio(5, 10)), (dimension("b"), Ratio(0, 10)))
    told = explain([objective(scope=Scope.ALL, pairs=ONE_PAIR)], counts, dimension=Dimension(None, None, None))
    assert [verdict.long for verdict in told.verdicts] == [Ratio(5, 20)]


# ---------------------------------------------------------------- properties


ratios = st.integers(0, 3_000).flatmap(lambda valid: st.builds(Ratio, st.integers(0, valid), st.just(valid)))
rates = st.sampled_from(["1", "6", "14.4", "1000"])
confidences = st.sampled_from([None, *map(Decimal, ("0.9", "0.999", "0.9999"))])
evidences = st.builds(Evidence, st.integers(1, 50), st.integers(1, 20), confidences)


def fires(long: Ratio, short: Ratio, rate: str, evidence: Evidence) -> bool:
    one = objective(pairs=(pair(burn_rate=rate),), evidence=evidence)
    return judge(one, one.pairs[0], windows(long, short)) is Reason.FIRING


@given(long=ratios, short=ratios, rate=rates, evidence=evidences, more=st.integers(0, 100))
def test_more_bad_events_never_un_fire(long: Ratio, short: Ratio, rate: str, evidence: Evidence, more: int) -> None:
    def turned_bad(ratio: Ratio) -> Ratio:
        return Ratio(min(ratio.bad + more, ratio.valid), ratio.valid)

    def joined_by_bad(ratio: Ratio) -> Ratio:
        return Ratio(ratio.bad + more, ratio.valid + more)

    if fires(long, short, rate, evidence):
        assert fires(turned_bad(long), turned_bad(short), rate, evidence)
        assert fires(joined_by_bad(long), joined_by_bad(short), rate, evidence)


@given(long=ratios, short=ratios, rate=rates, evidence=evidences, factor=st.integers(1, 10**12))
def test_scaling_counts_up_never_un_fires(
    long: Ratio, short: Ratio, rate: str, evidence: Evidence, factor: int
) -> None:
    def scaled(ratio: Ratio) -> Ratio:
        return Ratio(ratio.bad * factor, ratio.valid * factor)

    if fires(long, short, rate, evidence):
        assert fires(scaled(long), scaled(short), rate, evidence)


names = st.sampled_from(["a", "b", "a:b", "é", "*"])
many_counts = st.dictionaries(
    st.builds(Dimension, names, names, names),
    st.fixed_dictionaries({ERROR_RATE: st.fixed_dictionaries({300: ratios, 60: ratios})}),
    max_size=12,
)


def file_of_objectives() -> list[Objective]:
    general = [objective(name=f"per {scope}", scope=scope, pairs=ONE_PAIR, evidence=LOWEST) for scope in Scope]
    return [*general, objective(name="special", match=Match(model="a*"), pairs=ONE_PAIR, target="0.99")]


@given(counts=many_counts, seed=st.integers(0, 1_000))
def test_the_order_of_rows_is_irrelevant(counts: Counts, seed: int) -> None:
    rows = list(counts.items())
    Random(seed).shuffle(rows)
    assert evaluate(file_of_objectives(), counts) == evaluate(file_of_objectives(), dict(rows))


@given(counts=many_counts)
def test_breaches_are_the_firing_verdicts(counts: Counts) -> None:
    evaluator = Evaluator(file_of_objectives())
    firing = [verdict for verdict in evaluator.evaluate(counts) if verdict.firing]
    assert evaluator.breaches(counts) == firing


@given(counts=many_counts)
def test_a_verdict_is_what_judging_its_pair_alone_says(counts: Counts) -> None:
    for verdict in evaluate(file_of_objectives(), counts):
        alone = {300: verdict.long, 60: verdict.short}
        assert judge(verdict.objective, verdict.pair, alone) is verdict.reason


def test_one_bad_event_decides_among_a_thousand_dimensions() -> None:
    """The fast path and the exact one meet at the boundary: one bad event decides."""
    counts = counted(*((dimension(f"m{i}"), Ratio(144 - i % 2, 10_000)) for i in range(1_000)))
    found = breaches([objective(pairs=ONE_PAIR)], counts)
    assert len(found) == 500
    assert {verdict.long for verdict in found} == {Ratio(144, 10_000)}
    assert Decimal("14.4") == found[0].pair.burn_rate
