"""What a message says of one alert."""

from datetime import timedelta
from decimal import Decimal

from o11y.alerting.notification import NO_FACTS, Facts
from o11y.alerting.wording import (
    briefly,
    budget,
    burning,
    goal,
    happened_to,
    measured,
    pace_label,
    place,
    spent,
    tops,
)
from o11y.slo.sli import Indicator, LatencyOf, Sli
from tests.builders import NOW, alert, dimension, latency, objective, pair, ratio, ttfb

SLOW = pair(burn_rate=5)
P90 = objective(name="latency-p90", sli=latency(), target="0.90", pairs=(SLOW,))


def test_an_aggregate_says_what_it_sums() -> None:
    assert place(dimension(None, client=None)) == "provider vendor (all clients and models)"


def test_an_error_rate_is_told_as_failed_of_valid() -> None:
    assert measured(alert(long=ratio(374, 1_000))) == "37.4 % failed in the last 5m: 374 of 1,000 requests"


def test_a_measurement_of_an_earlier_minute_says_which() -> None:
    of = alert(at=NOW - timedelta(minutes=2))
    assert measured(of, beside=NOW) == "50 % failed in the 5m to 11:58 UTC: 50 of 100 requests"
    assert measured(alert(), beside=NOW) == measured(alert())


def test_a_latency_is_told_against_its_threshold_with_the_measured_percentile() -> None:
    slow = alert(objective=P90, pair=SLOW, long=ratio(37, 100))
    told = measured(slow, Facts(quantile_ms=22_040.0))
    assert told == "37 % slower than 15 s in the last 5m: 37 of 100 successful requests (p90 = 22 s)"


def test_a_latency_without_a_measured_percentile_is_told_all_the_same() -> None:
    every = objective(sli=latency(of=LatencyOf.EVERY_REQUEST), target="0.9", pairs=(SLOW,))
    assert measured(alert(objective=every, pair=SLOW)) == "50 % slower than 15 s in the last 5m: 50 of 100 requests"


def test_a_time_to_first_byte_is_told_of_streaming_requests() -> None:
    late = objective(sli=ttfb(), target="0.9", pairs=(SLOW,))
    told = measured(alert(objective=late, pair=SLOW, long=ratio(1, 1)))
    assert told == "100 % waited longer than 3 s for the first byte in the last 5m: 1 of 1 streaming request"
    assert goal(late) == "90 % of streaming requests start within 3 s"


def test_the_objective_is_told_as_a_promise() -> None:
    assert goal(objective()) == "99.9 % of requests succeed"
    assert goal(P90) == "90 % of successful requests complete within 15 s"


def test_both_windows_and_the_threshold_are_told() -> None:
    assert burning(alert(short=ratio(9, 20))) == "500× over 5m, 450× over 1m; threshold 14.4×"


def test_an_empty_short_window_burns_nothing() -> None:
    assert "0× over 1m" in burning(alert(short=ratio(0, 0)))


def test_one_alert_of_many_is_told_briefly() -> None:
    assert briefly(alert(long=ratio(50, 1_000))) == "5 % of 1,000, burn rate 50×"


def test_what_is_left_of_the_budget_ends_at_the_present_rate() -> None:
    # 120 of the 1,000 that may fail: 88 % left; at 500 times the budget 30 d x 0.88 / 500 = 76 min
    assert budget(alert(), Facts(budget_bad=120, budget_valid=1_000_000)) == "88 % left, gone in 1h 16m at this rate"


def test_an_overspent_budget_says_by_how_much() -> None:
    assert budget(alert(), Facts(budget_bad=5, budget_valid=1_000)) == "none left, 500 % of it is spent"


def test_without_the_counts_of_the_period_the_rate_still_says_how_long_a_budget_lasts() -> None:
    assert budget(alert(), NO_FACTS) == "a whole one would last 1h 26m at this rate"


def test_counts_that_cannot_be_are_not_believed() -> None:
    assert budget(alert(), Facts(budget_bad=5, budget_valid=1)) == "a whole one would last 1h 26m at this rate"


def test_the_most_frequent_are_listed_with_their_counts() -> None:
    assert tops((("503", 1_240), ("429", 10))) == "503: 1,240, 429: 10"
    assert tops(tuple((str(code), 1) for code in range(500, 520))).count(":") == 5


def test_a_decimal_threshold_is_told_as_configured() -> None:
    odd = pair(burn_rate=Decimal("1.2"))
    assert burning(alert(pair=odd)).endswith("threshold 1.2×")


def test_what_an_outage_did_is_told_as_a_sentence() -> None:
    assert happened_to(ratio(1_240, 3_000), objective().sli) == "1,240 of 3,000 requests failed"
    assert happened_to(ratio(37, 100), P90.sli) == "37 of 100 successful requests were slower than 15 s"


def test_what_an_outage_cost_is_its_share_of_the_budget() -> None:
    # a thousandth of 1,000,000 may fail: 1,000 of which 40 went now and 120 in all
    facts = Facts(budget_bad=120, budget_valid=1_000_000)
    assert spent(ratio(40, 100), alert(), facts) == "4 % of the 30-day budget, 88 % is left"


def test_of_an_overspent_budget_none_is_left() -> None:
    facts = Facts(budget_bad=2_000, budget_valid=1_000_000)
    assert spent(ratio(40, 100), alert(), facts) == "4 % of the 30-day budget, none is left"


def test_what_it_cost_is_not_guessed() -> None:
    assert spent(ratio(40, 100), alert(), NO_FACTS) is None
    assert spent(ratio(40, 100), alert(), Facts(budget_bad=0, budget_valid=0)) is None


# ---------------------------------------------------------------- requests that did not come

TICKET = pair("ticket", long_s=1_800, short_s=600, burn_rate=1)
DROP = objective(name="traffic-drop", sli=Sli(Indicator.TRAFFIC), target="0.05", pairs=(TICKET,))


def test_a_drop_of_traffic_is_told_as_what_came_of_what_was_expected() -> None:
    silent = alert(objective=DROP, pair=TICKET, long=ratio(120, 120), short=ratio(39, 40))
    came = "0 of about 120 expected"
    assert measured(silent) == f"{came} requests in the last 30m (as at this time on the last 7 days)"
    assert briefly(silent) == came
    assert burning(silent) == "100 % over 30m, 97.5 % over 10m; threshold 95 %"
    assert goal(DROP) == "more than 5 % of what is usual at this time of day arrives"


def test_requests_that_did_not_come_have_no_budget() -> None:
    assert budget(alert(objective=DROP, pair=TICKET), Facts(budget_bad=1, budget_valid=10)) is None
    assert pace_label(DROP) == "missing"
    assert pace_label(objective()) == "burn rate"
