from decimal import Decimal

import pytest

from o11y.slo.dimension import Scope
from o11y.slo.objective import Evidence, Match
from o11y.slo.windows import Severity
from tests.builders import PAGE_5M, dimension, error_rate, latency, objective, pair


@pytest.mark.parametrize("target", ["0", "1", "1.5", "-0.1", "NaN", "Infinity"])
def test_a_target_outside_0_and_1_cannot_exist(target: str) -> None:
    with pytest.raises(ValueError, match="target"):
        objective(target=target)


def test_a_target_with_more_decimals_than_exact_arithmetic_has_cannot_exist() -> None:
    with pytest.raises(ValueError, match="20 decimals"):
        objective(target="0.9" + "9" * 30)


def test_a_pair_that_can_never_fire_cannot_exist_and_the_error_says_which_could() -> None:
    with pytest.raises(ValueError, match=r"14\.4 can never be reached with target 0\.9; at most 10 can"):
        objective(target="0.9")
    with pytest.raises(ValueError, match=r"at most 1\.428 can"):
        objective(target="0.3", pairs=(pair(burn_rate="1.43"),))


def test_a_pair_that_fires_at_a_complete_outage_alone_may_exist() -> None:
    assert objective(target="0.9", pairs=(pair(burn_rate=10),)).pairs[0].burn_rate == 10


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
def test_a_burn_rate_is_a_number_above_0(rate: str) -> None:
    with pytest.raises(ValueError, match="burn_rate"):
        pair(burn_rate=rate)


@pytest.mark.parametrize(("long_s", "short_s"), [(300, 300), (300, 600), (305, 60), (300, 5), (300, 0)])
def test_windows_are_on_the_grain_and_the_short_one_is_shorter(long_s: int, short_s: int) -> None:
    with pytest.raises(ValueError, match="s "):
        pair(long_s=long_s, short_s=short_s)


def test_the_budget_is_exact() -> None:
    assert objective(target="0.999").budget == Decimal("0.001")


def test_evidence_is_at_least_one_of_each() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Evidence(min_requests=0)


def test_globs_match_the_whole_name_with_its_case_and_punctuation() -> None:
    match = Match(provider="open*", model="vendor/model-[0-9].?")
    assert match.covers(dimension("vendor/model-4.5", provider="openrouter"))
    assert not match.covers(dimension("vendor/model-4.55", provider="openrouter"))
    assert not match.covers(dimension("vendor/model-4.5", provider="Openrouter"))
    assert Match(model="a.b").covers(dimension("a.b"))
    assert not Match(model="a.b").covers(dimension("axb"))


def test_a_name_that_an_aggregate_folds_away_fits_any_glob() -> None:
    assert Match(model="vendor/*").covers(dimension(None, client=None))


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (Match(model="vendor/model"), Match(model="vendor/m*", provider="v*")),
        (Match(model="vendor/model", client="a"), Match(model="vendor/model-with-a-long-name")),
        (Match(model="vendor/m*"), Match(model="vendor/*")),
        (Match(model="vendor/*"), Match(model="[abcdefghijklmnopq]*")),
        (Match(model="v*"), Match()),
    ],
)
def test_full_names_are_more_specific_than_globs_and_long_globs_than_short_ones(more: Match, less: Match) -> None:
    assert more.specificity > less.specificity


def test_error_rates_are_one_family_and_percentiles_one_each() -> None:
    assert objective(target="0.99").family == objective(name="other", sli=error_rate(exclude_user_byok=False)).family
    p90 = {"sli": latency(), "pairs": (pair(burn_rate=5),)}
    assert objective(target="0.9", **p90).family == objective(target="0.90", **p90).family == "latency 0.9 per model"
    assert objective(target="0.8", **p90).family != objective(target="0.9", **p90).family
    assert objective(scope=Scope.ALL).family != objective().family


def test_pairs_are_told_by_severity_and_named_by_their_windows() -> None:
    assert objective().pairs_of(Severity.PAGE)[0] is PAGE_5M
    assert str(PAGE_5M) == "page 5m/1m at 14.4"
