"""The objectives of the file under overrides: what holds where, what does not fit, and who said what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Evaluator, evaluate
from o11y.slo.in_force import in_force, misfits, origins, values_of
from o11y.slo.objective import Match, Objective, exactly
from o11y.slo.objectives_file import ObjectivesError, load_objectives
from o11y.slo.override import Override, Selector, Values
from o11y.slo.sli import Indicator, Sli
from tests.builders import ERROR_RATE, PAGE_5M, PAIRS, dimension, latency, objective, pair, ttfb
from tests.hostile_text import HOSTILE

AT = datetime(2026, 11, 21, tzinfo=UTC)
BASE = objective()
SLOW = objective(name="latency", sli=latency(15_000), target="0.9", pairs=(pair(burn_rate=8),))
SILENT = objective(name="silent", sli=Sli(Indicator.TRAFFIC), target="0.05", pairs=(pair(burn_rate=1),))
PROVIDER = objective(name="provider", scope=Scope.PROVIDER)
FILE = (BASE, SLOW, SILENT, PROVIDER)
OFF = Values(enabled=False)


def override(values: Values = OFF, *, of: str = "error-rate", by: str = "ann", **names: str) -> Override:
    return Override(Selector(of, **names), values, by, AT)


def held(*overrides: Override, file: tuple[Objective, ...] = FILE) -> dict[str, Objective]:
    return {each.name: each for each in in_force(file, overrides).objectives}


# ---------------------------------------------------------------- what holds where


def test_without_overrides_the_file_is_in_force_as_it_is() -> None:
    assert in_force(FILE, []).objectives == FILE


def test_an_override_changes_the_dimensions_it_selects_and_no_others() -> None:
    base = held(override(Values(target=Decimal("0.99")), model="vendor/model"))["error-rate"]
    there, elsewhere = base.at(dimension()), base.at(dimension("other"))
    assert there is not None
    assert elsewhere is not None
    assert (there.target, elsewhere.target) == (Decimal("0.99"), Decimal("0.999"))
    assert (there.name, there.family, there.pairs) == (base.name, base.family, base.pairs)


def test_every_value_can_be_replaced() -> None:
    values = Values(True, Decimal("0.91"), 4_100, 7, Decimal("0.99"), False)
    there = held(override(values, of="latency", client="gateway"))["latency"].at(dimension())
    assert there is not None
    assert (there.target, there.sli.threshold_ms) == (Decimal("0.91"), 5_000)
    assert (there.evidence.min_requests, there.evidence.confidence) == (7, Decimal("0.99"))
    assert not there.page_eligible


def test_a_threshold_that_is_no_bound_is_evaluated_at_the_next_one_up() -> None:
    slow = held(override(Values(threshold_ms=15_001), of="latency"))["latency"]
    there = slow.at(dimension())
    assert there is not None
    assert there.sli == latency(20_000)
    assert slow.slis == {latency(15_000), latency(20_000)}


def test_switched_off_it_is_as_if_there_were_none() -> None:
    base = held(override(model="vendor/model"))["error-rate"]
    assert base.at(dimension()) is None
    assert base.at(dimension("other")) is not None


def test_a_narrower_override_switches_on_again_what_a_wider_one_switched_off() -> None:
    base = held(override(), override(Values(enabled=True), model="vendor/model"))["error-rate"]
    assert (base.at(dimension()) is None, base.at(dimension("other")) is None) == (False, True)


def test_values_of_overrides_that_cross_come_together() -> None:
    """A client that is switched off stays so for a model whose target was changed."""
    base = held(override(client="gateway"), override(Values(target=Decimal("0.95")), model="vendor/model"))[
        "error-rate"
    ]
    assert base.at(dimension()) is None
    assert base.at(dimension(client="other")) is not None


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_name_selects_itself_whatever_signs_are_in_it(name: str) -> None:
    base = held(override(Values(target=Decimal("0.95")), model=name))["error-rate"]
    there = base.at(dimension(name))
    assert there is not None
    assert there.match.covers(dimension(name))
    assert not there.match.covers(dimension(f"{name}x"))
    assert there.match.specificity > base.match.specificity


@given(st.text(max_size=12), st.text(max_size=12))
def test_a_glob_made_of_a_name_fits_that_name_alone(name: str, other: str) -> None:
    match = Match(model=exactly(name))
    assert match.covers(dimension(name))
    assert match.covers(dimension(other)) is (name == other)
    assert match.specificity[0] == 1


# ---------------------------------------------------------------- what speaks


def counted(*dims: Dimension, sli: Sli = ERROR_RATE) -> dict[Dimension, Any]:
    return {each: {sli: {300: Ratio(20, 1_000), 60: Ratio(20, 1_000)}} for each in dims}


def test_an_evaluator_judges_each_dimension_by_its_own_values() -> None:
    """2 % bad burn a budget of 0.1 % at 20, and one of 1 % at 2."""
    file = (objective(pairs=(PAGE_5M,)),)
    objectives = in_force(file, [override(Values(target=Decimal("0.99")), model="vendor/model")]).objectives
    firing = Evaluator(objectives).breaches(counted(dimension(), dimension("other")))
    assert [(each.dimension, each.objective.target) for each in firing] == [(dimension("other"), Decimal("0.999"))]


def test_an_override_that_makes_it_stricter_fires_where_the_file_would_not() -> None:
    file = (objective(target="0.99", pairs=(PAGE_5M,)),)
    objectives = in_force(file, [override(Values(target=Decimal("0.999")), client="gateway")]).objectives
    (firing,) = Evaluator(objectives).breaches(counted(dimension(), dimension(client="other")))
    assert (firing.dimension, firing.objective.target) == (dimension(), Decimal("0.999"))


def test_a_dimension_that_is_switched_off_is_not_judged_and_explain_says_so() -> None:
    objectives = in_force((BASE,), [override(model="vendor/model")]).objectives
    evaluator = Evaluator(objectives)
    assert evaluator.breaches(counted(dimension())) == []
    assert evaluator.evaluate(counted(dimension())) == []
    found = evaluator.explain(counted(dimension()), dimension())
    assert (found.verdicts, [each.name for each in found.switched_off]) == ((), ["error-rate"])


def test_one_that_names_a_model_speaks_before_a_glob_of_the_same_family() -> None:
    special = objective(name="special", target="0.99", match=Match(model="vendor/*"))
    objectives = in_force((BASE, special), [override(Values(target=Decimal("0.95")), model="vendor/model")]).objectives
    verdicts = Evaluator(objectives).evaluate(counted(dimension(), dimension("vendor/x")))
    assert {(v.dimension.model, v.objective.name, v.objective.target) for v in verdicts} == {
        ("vendor/model", "error-rate", Decimal("0.95")),
        ("vendor/x", "special", Decimal("0.99")),
    }


def test_a_sum_has_overrides_of_its_own() -> None:
    file = (objective(name="provider", scope=Scope.PROVIDER, pairs=(PAGE_5M,)),)
    lax = override(Values(target=Decimal("0.95")), of="provider", provider="vendor")
    there = counted(dimension(), dimension(provider="other"))
    firing = Evaluator(in_force(file, [lax]).objectives).breaches(there)
    assert [each.dimension.provider for each in firing] == ["other"]


def test_a_threshold_of_its_own_is_counted_for_a_sum_too() -> None:
    file = (replace(SLOW, name="sum", scope=Scope.CLIENT, match=Match(), pairs=(PAGE_5M,), target=Decimal("0.99")),)
    objectives = in_force(file, [override(Values(threshold_ms=5_000), of="sum", client="gateway")]).objectives
    counts = {dimension(): {latency(5_000): {300: Ratio(500, 1_000), 60: Ratio(500, 1_000)}}}
    (firing,) = Evaluator(objectives).breaches(counts)
    assert firing.objective.sli.threshold_ms == 5_000


names = st.sampled_from(["a", "b"])
maybe_name = st.none() | names
selectors = st.builds(Selector, st.just("error-rate"), maybe_name, maybe_name, maybe_name)
values = st.builds(
    Values,
    enabled=st.none() | st.booleans(),
    target=st.none() | st.sampled_from([Decimal("0.9"), Decimal("0.99"), Decimal("0.9999")]),
    min_requests=st.none() | st.integers(1, 200),
    page_eligible=st.none() | st.booleans(),
).filter(lambda one: bool(one.given))
overrides = st.lists(st.builds(Override, selectors, values, st.just("ann"), st.just(AT)), max_size=8)
every = [Dimension(c, p, m) for c in "ab" for p in "ab" for m in "ab"]
LAX = objective(pairs=(pair(burn_rate=5),))


@settings(max_examples=200)
@given(overrides)
def test_what_holds_in_a_dimension_is_what_its_overrides_say_one_after_the_other(made: list[Override]) -> None:
    """The obvious way: from the widest to the narrowest, each replaces the values it has."""
    last = {each.selector: each for each in made}
    base = in_force((LAX,), made).objectives[0]
    for one in every:
        expected = {"enabled": True, "target": LAX.target, "min_requests": 1, "page_eligible": True}
        selecting = [
            each
            for each in last.values()
            if all(name in (None, own) for name, own in zip(each.selector.names, (one.client, one.provider, one.model)))  # noqa: B905
        ]
        selecting.sort(
            key=lambda each: (
                sum(name is not None for name in each.selector.names),
                each.selector.model is not None,
                each.selector.provider is not None,
            )
        )
        for each in selecting:
            expected |= each.values.given
        there = base.under(base.layers.at(one))
        assert {
            "enabled": there.enabled,
            "target": there.target,
            "min_requests": there.evidence.min_requests,
            "page_eligible": there.page_eligible,
        } == expected


@settings(max_examples=200)
@given(overrides, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 400)), min_size=8, max_size=8))
def test_breaches_are_the_firing_verdicts_and_those_of_objectives_written_out(
    made: list[Override], traffic: list[tuple[int, int]]
) -> None:
    """One file with an objective for each dimension, written out by hand, would have said the same."""
    counts = {
        one: {ERROR_RATE: dict.fromkeys((300, 60), Ratio(bad, bad + good))}
        for one, (bad, good) in zip(every, traffic, strict=True)
        if bad + good
    }
    objectives = in_force((LAX,), made).objectives
    evaluator = Evaluator(objectives)
    breaches = evaluator.breaches(counts)
    assert breaches == [verdict for verdict in evaluator.evaluate(counts) if verdict.firing]
    written = [objectives[0].at(one) for one in every]
    by_hand = [
        verdict
        for one, there in zip(every, written, strict=True)
        if there is not None and one in counts
        for verdict in evaluate([there], {one: counts[one]})
        if verdict.firing
    ]
    assert [(each.dimension, each.long, each.reason) for each in breaches] == [
        (each.dimension, each.long, each.reason) for each in by_hand
    ]


# ---------------------------------------------------------------- where it comes from


def test_each_value_has_the_override_that_says_it() -> None:
    wide = override(Values(page_eligible=False), by="bob")
    narrow = override(Values(target=Decimal("0.99")), model="vendor/model")
    found = origins(held(wide, narrow)["error-rate"], Selector("error-rate", client="web", model="vendor/model"))
    assert {name: (one.value, one.override) for name, one in found.items()} == {
        "enabled": (True, None),
        "target": (Decimal("0.99"), narrow),
        "min_requests": (1, None),
        "confidence": (Decimal("0.9999"), None),
        "page_eligible": (False, wide),
    }


def test_a_threshold_is_shown_as_it_was_asked_for() -> None:
    slow = held(override(Values(threshold_ms=15_001), of="latency"))["latency"]
    assert origins(slow, Selector("latency"))["threshold_ms"].value == 15_001


# ---------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("base", "values", "part", "words"),
    [
        (BASE, Values(), "", "replaces nothing"),
        (BASE, Values(threshold_ms=100), "threshold_ms", "means nothing for error_rate"),
        (BASE, Values(target=Decimal(1)), "target", "between 0 and 1, both excluded"),
        (BASE, Values(target=Decimal("NaN")), "target", "between 0 and 1"),
        (BASE, Values(target=Decimal("-0.5")), "target", "between 0 and 1"),
        (BASE, Values(target=Decimal("0.9") + Decimal("1e-21")), "target", "at most 20 decimals"),
        (BASE, Values(target=Decimal("0.9")), "target", "burn_rate 14.4 of the page 5m/1m can never fire"),
        (SLOW, Values(threshold_ms=0), "threshold_ms", "from 1 to 300000"),
        (SLOW, Values(threshold_ms=300_001), "threshold_ms", "from 1 to 300000"),
        (objective(sli=ttfb()), Values(threshold_ms=60_001), "threshold_ms", "from 1 to 60000"),
        (BASE, Values(min_requests=0), "min_requests", "at least 1"),
        (BASE, Values(min_requests=10**13), "min_requests", "at least 1"),
        (BASE, Values(confidence=Decimal("0.5")), "confidence", "from 0.9 to 0.999999999999"),
        (BASE, Values(confidence=Decimal("NaN")), "confidence", "from 0.9"),
        (SILENT, Values(target=Decimal("0.5")), "target", "means nothing for traffic"),
    ],
)
def test_what_cannot_be_is_refused_in_words(base: Objective, values: Values, part: str, words: str) -> None:
    (found,) = misfits(base, Selector(base.name), values)
    assert found.part == part
    assert words in found.message


def test_a_pair_out_of_reach_is_refused_in_the_words_of_the_check_of_the_file() -> None:
    with pytest.raises(ObjectivesError) as refused:
        load_objectives(
            "version: 1\nobjectives:\n- {name: error-rate, indicator: error_rate, target: 0.9, windows: "
            "[{severity: page, long: 5m, short: 1m, burn_rate: 14.4}]}\n",
            name="file",
        )
    (found,) = misfits(BASE, Selector("error-rate"), Values(target=Decimal("0.9")))
    assert refused.value.problems[0].endswith(found.message)


@pytest.mark.parametrize(
    ("base", "names", "part", "words"),
    [
        (PROVIDER, {"model": "m"}, "model", "folds every model together; accepted: provider"),
        (objective(scope=Scope.ALL), {"client": "c"}, "client", "it selects nothing"),
        (objective(match=Match(provider="open*")), {"provider": "azure"}, "provider", "accepted: what fits open*"),
        (BASE, {"model": ""}, "model", "is empty"),
    ],
)
def test_a_selector_names_what_the_objective_keeps_apart(
    base: Objective, names: dict[str, str], part: str, words: str
) -> None:
    (found,) = misfits(base, Selector(base.name, **names), OFF)
    assert found.part == part
    assert words in found.message


def test_of_traffic_only_whether_it_speaks_and_wakes_can_be_changed() -> None:
    assert values_of(SILENT) == ("enabled", "page_eligible")
    assert misfits(SILENT, Selector("silent", client="web"), Values(enabled=False, page_eligible=False)) == []


def test_every_problem_is_told_at_once() -> None:
    found = misfits(PROVIDER, Selector("provider", model="m"), Values(target=Decimal(2), min_requests=0))
    assert [each.part for each in found] == ["model", "target", "min_requests"]


def test_what_does_not_fit_the_file_does_nothing_and_says_why() -> None:
    gone, loose = override(of="gone"), override(Values(target=Decimal("0.5")))
    found = in_force(FILE, [gone, loose, override(model="vendor/model")])
    assert [(each.override, each.why.split(":")[0]) for each in found.inert] == [(gone, "objective"), (loose, "target")]
    assert found.objectives[0].at(dimension("other")) == BASE
    assert found.objectives[0].at(dimension()) is None


def test_a_later_override_that_does_not_fit_leaves_the_earlier_one_of_others() -> None:
    later = Override(Selector("error-rate", client="x"), Values(target=Decimal(2)), "bob", AT + timedelta(1))
    assert len(in_force(FILE, [override(), later]).objectives[0].layers) == 1


def test_the_pairs_of_an_objective_are_never_overridden() -> None:
    there = held(override(Values(target=Decimal("0.99"))))["error-rate"].at(dimension())
    assert there is not None
    assert there.pairs == PAIRS
