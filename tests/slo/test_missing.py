from collections import Counter
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.aggregation import aggregates
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.missing import missing
from o11y.slo.sli import Indicator, Sli

OLD, NEW = Dimension("web", "openai", "gpt-5"), Dimension("web", "azure", "gpt-5")
OTHER = Dimension("app", "openai", "gpt-5")
WINDOW = 1_800


def of(scope: Scope) -> Sli:
    return Sli(Indicator.TRAFFIC, per=scope)


def counted(usual: Mapping[Dimension, int], arrived: Mapping[Dimension, int], *scopes: Scope) -> Counts:
    return missing(
        {WINDOW: usual},
        {WINDOW: arrived},
        slis=[of(scope) for scope in scopes],
        windows_s=[WINDOW],
    )


def summed(counts: Counts, scope: Scope) -> dict[Dimension, Ratio]:
    """As an evaluation adds them up."""
    sums = counts if scope is Scope.MODEL else aggregates(counts, {scope: (of(scope),)})[scope]
    return {home: by_sli[of(scope)][WINDOW] for home, by_sli in sums.items()}


def test_of_a_dimension_that_is_silent_everything_usual_is_missing() -> None:
    assert counted({OLD: 120}, {}, Scope.MODEL) == {OLD: {of(Scope.MODEL): {WINDOW: Ratio(120, 120)}}}


def test_more_than_usual_is_not_less_than_nothing_missing() -> None:
    assert counted({OLD: 120}, {OLD: 500}, Scope.MODEL)[OLD][of(Scope.MODEL)][WINDOW] == Ratio(0, 120)


def test_where_nothing_is_usual_nothing_is_said() -> None:
    assert counted({}, {OLD: 500}, Scope.MODEL, Scope.CLIENT) == {}


def test_a_window_says_nothing_of_what_is_usual_in_another_alone() -> None:
    counts = missing(
        {300: {OLD: 20}, WINDOW: {OLD: 120, OTHER: 9}}, {}, slis=[of(Scope.MODEL)], windows_s=[300, WINDOW]
    )
    assert counts == {
        OLD: {of(Scope.MODEL): {300: Ratio(20, 20), WINDOW: Ratio(120, 120)}},
        OTHER: {of(Scope.MODEL): {WINDOW: Ratio(9, 9)}},
    }


def test_a_model_that_moved_to_another_provider_is_missing_there_and_not_at_its_client() -> None:
    counts = counted({OLD: 120, OTHER: 40}, {NEW: 118, OTHER: 40}, Scope.MODEL, Scope.PROVIDER, Scope.CLIENT)
    assert counts[OLD][of(Scope.MODEL)][WINDOW] == Ratio(120, 120)
    assert summed(counts, Scope.PROVIDER)[Dimension(None, "openai", None)] == Ratio(120, 160)
    assert summed(counts, Scope.CLIENT) == {
        Dimension("web", None, None): Ratio(2, 120),
        Dimension("app", None, None): Ratio(0, 40),
    }


PARTS = st.sampled_from([Dimension(c, p, m) for c in ("web", "app") for p in ("openai", "azure") for m in ("a", "b")])
USUAL = st.dictionaries(PARTS, st.integers(1, 1_000))
ARRIVED = st.dictionaries(PARTS, st.integers(0, 1_000))


@given(USUAL, ARRIVED, st.sampled_from(Scope))
def test_a_sum_misses_exactly_what_is_usual_minus_all_that_came(
    usual: dict[Dimension, int], arrived: dict[Dimension, int], scope: Scope
) -> None:
    expected, came = Counter[Dimension](), Counter[Dimension]()
    for part, number in usual.items():
        expected[part.within(scope)] += number
    for part, number in arrived.items():
        came[part.within(scope)] += number
    sums = summed(counted(usual, arrived, scope), scope)
    assert sums == {home: Ratio(max(0, number - came[home]), number) for home, number in expected.items()}


@given(USUAL, ARRIVED, st.sampled_from(Scope))
def test_no_part_misses_more_than_by_itself(
    usual: dict[Dimension, int], arrived: dict[Dimension, int], scope: Scope
) -> None:
    alone = counted(usual, arrived, Scope.MODEL)
    for part, by_sli in counted(usual, arrived, scope).items():
        assert by_sli[of(scope)][WINDOW].bad <= alone[part][of(Scope.MODEL)][WINDOW].bad
