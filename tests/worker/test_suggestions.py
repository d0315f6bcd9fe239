"""What is proposed comes from what was measured, and is tried on the last seven days."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.in_force import in_force
from o11y.slo.objective import Objective
from o11y.slo.override import Override, Selector, Values
from o11y.slo.rehearsal import Bucket
from o11y.slo.sli import Indicator, Sli
from o11y.worker.suggestions import DAY_S, NothingToSuggest, Suggestions
from tests.builders import ERROR_RATE, NOW, PAGE_5M, dimension, objective, pair, ttfb
from tests.fakes import SteppingClock
from tests.fakes_overrides import FakePast

MODEL = Selector("error-rate", model="vendor/model")
ERRORS = objective(pairs=(PAGE_5M,))
TTFB = objective(name="ttfb", sli=ttfb(), target="0.9", pairs=(pair(burn_rate=8),))
END_S = int(NOW.timestamp())


def suggesting(past: FakePast) -> Suggestions:
    return Suggestions(past, clock=SteppingClock(NOW))


def an_outage(past: FakePast) -> FakePast:
    """Ten minutes of it, an hour ago; nothing else went wrong in two days of 100 requests every 10 s."""
    past.dimensions = [dimension()]
    past.fine_from_s = END_S - 2 * DAY_S
    past.buckets = [
        Bucket(at, 50 if END_S - 3_600 <= at < END_S - 3_000 else 0, 100) for at in range(past.fine_from_s, END_S, 10)
    ]
    return past


def with_latencies(past: FakePast, took: dict[int, int]) -> FakePast:
    """``took``: milliseconds -> how many requests took so long."""
    past.found = {
        replace(TTFB.sli, threshold_ms=bound): {
            3 * DAY_S: Ratio(sum(number for ms, number in took.items() if ms > bound), sum(took.values()))
        }
        for bound in TTFB.sli.bounds_ms
    }
    return past


def test_a_target_is_proposed_from_what_was_bad() -> None:
    past = FakePast()
    past.found = {ERROR_RATE: {3 * DAY_S: Ratio(100, 100_000)}}
    found = asyncio.run(suggesting(past).propose(ERRORS, MODEL))
    assert found.values == Values(target=Decimal("0.998"))
    assert found.because == (
        "0.1 % of 100,000 requests of the last 3 days were bad; a budget of twice that, rounded up: a target of 0.998.",
    )
    assert past.asked == [(None, None, "vendor/model")]


def test_a_threshold_is_proposed_from_the_p95_and_the_target_from_what_is_slower() -> None:
    found = asyncio.run(suggesting(with_latencies(FakePast(), {300: 940, 700: 40, 3_000: 20})).propose(TTFB, MODEL))
    assert (
        found.values.threshold_ms == 1_000
    )  # the p95 is a quarter of the way from 600 to 750: 638, and a fifth is 765
    assert found.values.target == Decimal("0.95")
    assert "moved up to a bound" in found.because[0]
    assert "2 % of 1,000 requests" in found.because[1]


def test_of_no_requests_nothing_is_proposed() -> None:
    for base in (ERRORS, TTFB):
        with pytest.raises(NothingToSuggest, match="no requests in the last three days"):
            asyncio.run(suggesting(FakePast()).propose(base, MODEL))


def test_of_traffic_there_is_nothing_to_propose() -> None:
    silent = objective(sli=Sli(Indicator.TRAFFIC), target="0.05", pairs=(pair(burn_rate=1),))
    for ask in (
        suggesting(FakePast()).propose(silent, MODEL),
        suggesting(FakePast()).rehearse(silent, MODEL, Values()),
    ):
        with pytest.raises(NothingToSuggest):
            asyncio.run(ask)


# ---------------------------------------------------------------- the last seven days


def rehearsed(past: FakePast, values: Values, base: Objective = ERRORS, selector: Selector = MODEL) -> Any:
    return asyncio.run(suggesting(past).rehearse(base, selector, values))


def test_the_last_seven_days_are_evaluated_under_the_values_asked_about() -> None:
    strict = rehearsed(an_outage(FakePast()), Values(target=Decimal("0.999")))
    assert (strict.pages, strict.tickets) == (1, 0)
    assert (strict.since, strict.until) == (NOW - timedelta(days=7), NOW)
    assert strict.fine_from == NOW - timedelta(days=2)
    (period,) = strict.of[0][1].pages
    assert datetime.fromtimestamp(period.start_s, UTC) == NOW - timedelta(minutes=59)
    assert strict.firing_s == period.firing_s
    lax = rehearsed(an_outage(FakePast()), Values(target=Decimal("0.95")))
    assert (lax.pages, lax.firing_s) == (0, 0)


def test_switched_off_nothing_fires() -> None:
    assert rehearsed(an_outage(FakePast()), Values(enabled=False)).firing_s == 0


def test_without_pages_a_page_is_a_ticket() -> None:
    found = rehearsed(an_outage(FakePast()), Values(page_eligible=False))
    assert (found.pages, found.tickets) == (0, 1)


def test_a_narrower_override_goes_on_holding_where_it_does() -> None:
    narrower = Override(
        Selector("error-rate", client="gateway", model="vendor/model"), Values(enabled=False), "bob", NOW
    )
    past = an_outage(FakePast())
    past.dimensions = [dimension(), dimension(client="other")]
    found = rehearsed(past, Values(target=Decimal("0.999")), in_force([ERRORS], [narrower]).objectives[0])
    assert {one.client: len(rehearsal.pages) for one, rehearsal in found.of} == {"gateway": 0, "other": 1}


def test_the_busiest_dimensions_are_tried_and_the_others_counted() -> None:
    past = an_outage(FakePast())
    past.dimensions = [dimension(client=f"c{number}") for number in range(7)]
    found = rehearsed(past, Values(target=Decimal("0.999")))
    assert (len(found.of), found.left_out, found.pages) == (5, 2, 5)


def test_a_sum_is_tried_by_its_name() -> None:
    base = objective(scope=Scope.PROVIDER, pairs=(PAGE_5M,))
    found = rehearsed(an_outage(FakePast()), Values(enabled=True), base, Selector("error-rate", provider="vendor"))
    assert [one for one, _ in found.of] == [Dimension(None, "vendor", None)]
    with pytest.raises(NothingToSuggest, match="Name a provider"):
        rehearsed(an_outage(FakePast()), Values(enabled=True), base, Selector("error-rate"))


def test_of_what_had_no_traffic_nothing_is_tried() -> None:
    with pytest.raises(NothingToSuggest, match="last seven days"):
        rehearsed(FakePast(), Values(enabled=True))
