"""What a message says."""

from datetime import timedelta
from decimal import Decimal

from o11y.alerting.notification import NO_FACTS, Facts, Presence
from o11y.alerting.wording import briefly, budget, burning, goal, measured, place, remarks, title, tops
from o11y.slo.sli import LatencyOf
from o11y.slo.windows import Severity
from tests.builders import NOW, alert, dimension, latency, notice, notification, objective, pair, ratio, ttfb

SLOW = pair(burn_rate=5)
P90 = objective(name="latency-p90", sli=latency(), target="0.90", pairs=(SLOW,))


def test_the_title_names_severity_objective_and_dimension() -> None:
    assert title(notification()) == "PAGE error-rate: gateway / vendor / vendor/model"


def test_the_title_of_several_alerts_counts_them() -> None:
    several = [alert(dimension=dimension(f"model-{number}")) for number in range(12)]
    assert title(notification(*several)) == "PAGE error-rate: 12 dimensions"


def test_the_title_of_a_notice_is_its_own() -> None:
    assert title(notice(severity=Severity.TICKET, title="a batch is set aside")) == "TICKET a batch is set aside"


def test_an_aggregate_says_what_it_sums() -> None:
    assert place(dimension(None, client=None)) == "provider vendor (all clients and models)"


def test_an_error_rate_is_told_as_failed_of_valid() -> None:
    assert measured(alert(long=ratio(374, 1_000))) == "37.4 % failed in the last 5m: 374 of 1,000 requests"


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


def test_an_ordinary_message_needs_no_remark() -> None:
    assert remarks(notification()) == ()


def test_a_late_telling_gives_fired_at_delivered_at_and_the_present_state() -> None:
    late = notification(delivered_at=NOW + timedelta(minutes=130), presence=Presence.OVER)
    assert remarks(late) == (
        "Told late: fired at 2026-11-21 12:00 UTC, delivered at 2026-11-21 14:10 UTC; no longer firing.",
    )


def test_each_unusual_thing_is_one_sentence() -> None:
    said = remarks(notification(repeated=True, late_detection=True, without_memory=True))
    assert said == (
        "Found late: 2026-11-21 12:00 UTC was evaluated after a gap.",
        "May be a repeat: an earlier attempt may have reached you.",
        "o11y is without its memory (Redis does not answer): messages may repeat until it is back.",
    )


def test_a_lowered_page_says_why() -> None:
    lowered = alert(severity=Severity.TICKET, lowered_because="the model is not recommended")
    assert remarks(notification(lowered)) == ("A ticket rather than a page: the model is not recommended.",)
    plain = alert(severity=Severity.TICKET, dimension=dimension("other"))
    assert remarks(notification(lowered, plain)) == (
        "1 of 2 are tickets rather than a page: the model is not recommended.",
    )


def test_a_decimal_threshold_is_told_as_configured() -> None:
    odd = pair(burn_rate=Decimal("1.2"))
    assert burning(alert(pair=odd)).endswith("threshold 1.2×")
