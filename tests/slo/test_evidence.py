from decimal import Decimal

import pytest

from o11y.slo.counts import Ratio
from o11y.slo.evaluation import Reason, judge
from o11y.slo.evidence import DEFAULT_CONFIDENCE, Evidence
from tests.builders import PAGE_5M, PAGE_30M, TICKET_6H, latency, objective, pair

PLAIN = Evidence(min_requests=10, min_bad=1, confidence=None)


def reason(bad: int, valid: int, **changes: object) -> Reason:
    one = objective(pairs=(PAGE_5M,), **changes)
    return judge(one, PAGE_5M, {300: Ratio(bad, valid), 60: Ratio(bad, valid)})


def confident(confidence: str) -> Evidence:
    return Evidence(confidence=Decimal(confidence))


@pytest.mark.parametrize("confidence", ["0.999", "0.9999"])
def test_three_failures_of_three_are_evidence_and_one_of_ten_is_not(confidence: str) -> None:
    evidence = confident(confidence)
    assert reason(3, 3, evidence=evidence) is Reason.FIRING
    assert reason(1, 10, evidence=evidence) is Reason.TOO_FEW_BAD
    assert judge(objective(evidence=Evidence(min_bad=1, confidence=evidence.confidence)), TICKET_6H,
                 {21_600: Ratio(1, 10), 1_800: Ratio(1, 10)}) is Reason.MAY_BE_CHANCE  # fmt: skip


def test_the_more_confidence_is_asked_for_the_more_bad_events_it_takes() -> None:
    needed = [
        objective(evidence=confident(confidence)).bad_needed(100, PAGE_5M)
        for confidence in ("0.9", "0.99", "0.999", "0.9999", "0.999999")
    ]
    assert needed == [2, 2, 3, 4, 5]


def test_a_burst_that_chance_explains_is_told_as_that() -> None:
    assert reason(3, 100) is Reason.MAY_BE_CHANCE
    assert reason(4, 100) is Reason.FIRING


def test_a_page_needs_two_bad_events_whatever_the_file_says() -> None:
    single = Evidence(min_bad=1)
    assert reason(1, 1, evidence=single, target="0.99999") is Reason.TOO_FEW_BAD
    assert single.min_bad_of(TICKET_6H) == 1


def test_without_a_confidence_the_two_minimums_are_the_whole_rule() -> None:
    assert reason(1, 10, evidence=PLAIN) is Reason.FIRING
    assert reason(9, 9, evidence=PLAIN) is Reason.TOO_FEW_REQUESTS


def test_a_minimum_of_requests_may_be_asked_for_beside_the_confidence() -> None:
    assert reason(9, 9, evidence=Evidence(min_requests=10)) is Reason.TOO_FEW_REQUESTS
    assert reason(10, 10, evidence=Evidence(min_requests=10)) is Reason.FIRING


def test_half_of_the_requests_being_slow_is_what_a_median_allows() -> None:
    """A median is judged against its own budget: thirteen slow ones in a row are a coin's work, fourteen are not."""
    median = objective(sli=latency(5_000), target="0.5", pairs=(pair(burn_rate="1.9"),))
    [only] = median.pairs
    assert judge(median, only, {300: Ratio(13, 13), 60: Ratio(1, 1)}) is Reason.MAY_BE_CHANCE
    assert judge(median, only, {300: Ratio(14, 14), 60: Ratio(1, 1)}) is Reason.FIRING


def test_evidence_of_the_past_alone_fires_nothing() -> None:
    one = objective()
    assert judge(one, PAGE_30M, {1_800: Ratio(20, 20), 180: Ratio(0, 0)}) is Reason.SHORT_BELOW
    assert judge(one, PAGE_30M, {1_800: Ratio(20, 20), 180: Ratio(0, 5)}) is Reason.SHORT_BELOW


def test_a_pair_may_ask_for_more_confidence_than_its_objective() -> None:
    strict = pair(confidence=Decimal("0.999999"))
    assert [objective().bad_needed(100, which) for which in (PAGE_5M, strict)] == [4, 5]


def test_a_page_with_a_confidence_of_its_own_needs_two_bad_events_as_any_other() -> None:
    """Its objective has none, so that the minimums are the rule of its other pairs."""
    plain, own = objective(evidence=Evidence(min_bad=1, confidence=None)), pair(confidence=Decimal("0.9"))
    assert [plain.bad_needed(100, which) for which in (PAGE_5M, own)] == [1, 2]


def test_a_pair_for_quiet_dimensions_is_silent_where_there_is_traffic() -> None:
    quiet = pair(long_s=86_400, short_s=7_200, max_requests=100)
    one = objective(pairs=(quiet,))
    assert judge(one, quiet, {86_400: Ratio(20, 100), 7_200: Ratio(1, 8)}) is Reason.FIRING
    assert judge(one, quiet, {86_400: Ratio(20, 101), 7_200: Ratio(1, 8)}) is Reason.NOT_QUIET


@pytest.mark.parametrize("confidence", ["0.89", "1", "1.5", "-1", "0.9999999999999"])
def test_a_confidence_that_is_a_guess_or_a_certainty_cannot_exist(confidence: str) -> None:
    with pytest.raises(ValueError, match=r"confidence: .* is not 0\.9 to 0\.999999999999"):
        confident(confidence)


def test_a_pair_is_held_to_the_same_sense() -> None:
    with pytest.raises(ValueError, match="confidence: 1 must be"):
        pair(confidence=Decimal(1))
    with pytest.raises(ValueError, match="max_requests: 0 must be at least 1"):
        pair(max_requests=0)


def test_the_default_is_what_the_simulation_chose() -> None:
    assert Evidence() == Evidence(min_requests=1, min_bad=2, confidence=DEFAULT_CONFIDENCE)
