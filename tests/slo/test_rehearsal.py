"""The past evaluated again: minute by minute what the ticks would have found."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from o11y.slo.counts import Ratio
from o11y.slo.evaluation import Reason, judge
from o11y.slo.rehearsal import Bucket, Past, Period, Rehearsal, rehearse
from o11y.slo.windows import Severity
from tests.builders import PAGE_5M, TICKET_6H, objective, pair

DAY = 86_400
START = 20_000 * DAY  # a midnight
PAGE = objective(pairs=(PAGE_5M,))


def busy(start_s: int, end_s: int, *, grain_s: int = 10, bad: tuple[tuple[int, int], ...] = ()) -> list[Bucket]:
    """100 requests a bucket; half of them bad in the stretches ``bad``."""
    return [
        Bucket(at, 50 if any(begin <= at < end for begin, end in bad) else 0, 100)
        for at in range(start_s, end_s, grain_s)
    ]


def test_a_healthy_past_fires_nothing() -> None:
    past = Past(busy(START, START + 7_200), fine_from_s=START)
    assert rehearse(PAGE, past, since_s=START, until_s=START + 7_200) == Rehearsal()


def test_an_outage_fires_from_its_detection_to_the_end_of_the_short_window() -> None:
    outage = (START + 3_600, START + 4_200)
    past = Past(busy(START, START + 7_200, bad=(outage,)), fine_from_s=START)
    found = rehearse(PAGE, past, since_s=START, until_s=START + 7_200)
    assert found.pages == (Period(START + 3_660, START + 4_260 + 60, 660),)
    assert found.firing_s == 660


def test_two_outages_are_one_page_within_its_cooldown_and_two_beyond_it() -> None:
    def pages(apart_s: int) -> int:
        first = (START + 3_600, START + 3_900)
        second = (first[1] + apart_s, first[1] + apart_s + 300)
        past = Past(busy(START, START + 14_400, bad=(first, second)), fine_from_s=START)
        return len(rehearse(PAGE, past, since_s=START, until_s=START + 14_400).pages)

    assert (pages(600), pages(1_800)) == (1, 2)


def test_a_ticket_about_a_page_is_not_told() -> None:
    both = objective(pairs=(PAGE_5M, TICKET_6H))
    outage = (START + 3_600, START + 4_200)
    past = Past(busy(START, START + 2 * 3_600, bad=(outage,)), fine_from_s=START)
    found = rehearse(both, past, since_s=START, until_s=START + 5_400)
    assert (len(found.pages), found.tickets) == (1, ())
    without = rehearse(objective(pairs=(TICKET_6H,)), past, since_s=START, until_s=START + 5_400)
    assert (without.pages, len(without.tickets)) == ((), 1)


def test_without_pages_a_page_is_a_ticket() -> None:
    past = Past(busy(START, START + 7_200, bad=((START + 3_600, START + 4_200),)), fine_from_s=START)
    found = rehearse(replace(PAGE, page_eligible=False), past, since_s=START, until_s=START + 7_200)
    assert (found.pages, len(found.tickets)) == ((), 1)


def test_switched_off_it_fires_nothing() -> None:
    past = Past(busy(START, START + 7_200, bad=((START, START + 7_200),)), fine_from_s=START)
    assert rehearse(replace(PAGE, enabled=False), past, since_s=START, until_s=START + 7_200) == Rehearsal()


def test_where_there_is_no_finer_grain_each_five_minutes_are_evaluated_once() -> None:
    outage = (START + 3_600, START + 4_500)
    past = Past(busy(START, START + DAY, grain_s=300, bad=(outage,)), fine_from_s=START + DAY)
    found = rehearse(PAGE, past, since_s=START, until_s=START + DAY)
    assert found.pages == (Period(START + 3_900, START + 4_800, 900),)


def test_a_window_reaches_from_the_fine_grain_into_the_coarse_one() -> None:
    ticket = objective(pairs=(pair(Severity.TICKET, long_s=21_600, short_s=1_800, burn_rate=1),))
    coarse = busy(START, START + DAY, grain_s=300, bad=((START, START + DAY),))
    past = Past([*coarse, *busy(START + DAY, START + DAY + 3_600)], fine_from_s=START + DAY)
    found = rehearse(ticket, past, since_s=START + DAY, until_s=START + DAY + 3_600)
    assert found.tickets[0].start_s == START + DAY
    assert found.tickets[0].end_s == START + DAY + 1_860  # until nothing bad is in the last half hour


@pytest.mark.parametrize("seed", range(4))
def test_each_minute_is_judged_as_the_tick_would_have(seed: int) -> None:
    """The obvious way: each window summed bucket by bucket, and judged."""
    dice = random.Random(seed)
    buckets = [
        Bucket(at, bad := dice.choice((0, 0, 0, 1, 5, 40)), bad + dice.randrange(50))
        for at in range(START, START + 10_800, 10)
        if dice.random() < 0.7
    ]
    base = objective(target=Decimal("0.95"), pairs=(pair(burn_rate=7), pair(long_s=1_800, short_s=180, burn_rate=5)))

    def window(length_s: int, end_s: int) -> Ratio:
        inside = [each for each in buckets if end_s - length_s <= each.start_s < end_s]
        return Ratio(sum(each.bad for each in inside), sum(each.valid for each in inside))

    def fires(minute_s: int) -> bool:
        end_s = minute_s - 10
        for one in base.pairs:
            counts = {s: window(s, end_s) for s in (one.long_s, one.short_s)}
            if judge(base, one, counts) is Reason.FIRING:
                return True
        return False

    firing = [at for at in range(START, START + 10_800, 60) if fires(at)]
    found = rehearse(base, Past(buckets, fine_from_s=START), since_s=START, until_s=START + 10_800)
    assert firing, "a random past in which nothing fires says nothing"
    assert found.firing_s == 60 * len(firing)
    assert (found.pages[0].start_s, found.pages[-1].end_s) == (firing[0], firing[-1] + 60)
