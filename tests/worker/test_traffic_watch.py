"""Requests that do not come: watched minute by minute, through everything but the real stores."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evidence import Evidence
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli
from o11y.worker.ports import StoreError
from o11y.worker.questions import Questions
from o11y.worker.tick import window_end
from tests.builders import ERROR_RATE, NOW, dimension, objective, pair
from tests.worker_fakes import WINDOWS, FakeBaselines, Replica, World

ARRIVED = Sli(Indicator.TRAFFIC)
ONE, OTHER = dimension("one"), dimension("other")
MOVED = dimension("one", provider="another")
FAR = dimension("far", client="far")
GATEWAY = Dimension("gateway", None, None)
#: requests that are usual in 5, 10 and 30 minutes
USUAL = {300: 100, 600: 200, 1_800: 600}


def dropped(**changes: object) -> Objective:
    """A ticket of 30 min and 10 min when 95 % are missing."""
    values = {"name": "traffic-drop", "sli": ARRIVED, "target": "0.05", "evidence": Evidence(min_volume=60)}
    return objective(**{**values, "pairs": (pair("ticket", long_s=1_800, short_s=600, burn_rate=1),), **changes})


def silent() -> Objective:
    """A page of 10 min and 5 min when 95 % of a client's are."""
    pairs = (pair("page", long_s=600, short_s=300, burn_rate=1),)
    return dropped(name="client-silent", sli=Sli(Indicator.TRAFFIC, per=Scope.CLIENT), scope=Scope.CLIENT, pairs=pairs)


def usual(*where: Dimension) -> FakeBaselines:
    return FakeBaselines({window_s: dict.fromkeys(where, number) for window_s, number in USUAL.items() if where})


def came(*where: Dimension, bad: int = 0, windows: Collection[int] = tuple(USUAL)) -> Counts:
    """As many as usual in each of ``windows``, ``bad`` of a hundred failed."""
    return {
        each: {
            ARRIVED: {window_s: Ratio(0, USUAL[window_s]) for window_s in windows},
            ERROR_RATE: {window_s: Ratio(bad, 100) for window_s in WINDOWS},
        }
        for each in where
    }


def world(*where: Dimension, objectives: Collection[Objective] = ()) -> World:
    """In which requests of these are usual, and come."""
    made = World(list(objectives) or [objective(), silent(), dropped()], baselines=usual(*where))
    made.counts.now = came(*where)
    return made


def live(of: World, *spans: tuple[Counts, int], replica: Replica | None = None) -> Replica:
    """So many minutes of each."""
    who = replica or of.replica()

    async def run() -> None:
        for counts, minutes in spans:
            of.counts.now = counts
            await of.tick(who, minutes=minutes)

    asyncio.run(run())
    return who


def told(of: World) -> list[tuple[str, str, str]]:
    """Change, severity and worst alert of each message."""
    return [
        (message.account.change.value, message.severity.value, str(message.alerts[0].dimension))
        for message in of.slack.alerts
        if message.account is not None
    ]


def test_a_gateway_that_falls_silent_pages_and_its_models_join_it() -> None:
    of = world(ONE, OTHER, FAR)
    for_a_while = {**came(FAR), **came(ONE, OTHER, windows=[1_800])}
    live(of, (came(ONE, OTHER, FAR), 40), (for_a_while, 18), (came(FAR), 40))
    assert told(of)[0] == ("fired", "page", str(GATEWAY))
    assert {change for change, *_ in told(of)[1:]} == {"joined", "reminded"}
    first, *_, last = of.slack.alerts
    assert [(alert.long, alert.short) for alert in first.alerts] == [(Ratio(400, 400), Ratio(200, 200))]
    assert [alert.dimension for alert in last.alerts] == [GATEWAY, ONE, OTHER]


def test_it_ends_when_requests_come_again_and_is_never_without_data() -> None:
    of = world(ONE, OTHER, FAR)
    everything = came(ONE, OTHER, FAR)
    live(of, (everything, 40), (came(FAR), 180), (everything, 30))
    changes = [change for change, *_ in told(of)]
    assert (changes[0], changes[-1]) == ("fired", "resolved")
    assert set(changes) == {"fired", "reminded", "resolved"}


def test_a_model_that_nobody_asks_for_any_more_is_a_ticket() -> None:
    of = world(ONE, OTHER, FAR)
    live(of, (came(OTHER, FAR), 45))
    assert told(of) == [("fired", "ticket", str(ONE))]


def test_a_model_that_moved_to_another_provider_is_a_ticket_there_and_no_page_of_its_client() -> None:
    of = world(ONE)
    live(of, (came(MOVED), 45))
    assert told(of) == [("fired", "ticket", str(ONE))]


def test_when_nothing_comes_of_anybody_the_message_says_whose_fault_that_may_be() -> None:
    of = world(ONE, OTHER, FAR)
    live(of, ({}, 20))
    accounts = [message.account for message in of.slack.alerts]
    assert [account.nothing_came for account in accounts if account is not None][:1] == [True]
    of = world(ONE, OTHER, FAR)
    live(of, (came(FAR), 20))
    assert [message.account.nothing_came for message in of.slack.alerts if message.account is not None] == [False]


@pytest.mark.parametrize(("minutes", "pages"), [(11, 0), (12, 1)])
def test_a_window_is_looked_at_once_all_of_it_was_watched(minutes: int, pages: int) -> None:
    of = world(ONE)
    live(of, ({}, minutes))
    assert len(of.slack.alerts) == pages


def test_a_machine_that_was_suspended_says_nothing_of_the_time_meanwhile() -> None:
    of = world(ONE)
    replica = live(of, (came(ONE), 30))
    of.clock.advance(3 * 60)
    live(of, ({}, 11), replica=replica)
    assert of.slack.alerts == []
    live(of, ({}, 1), replica=replica)
    assert len(of.slack.alerts) == 1


def test_what_another_replica_evaluates_is_watched_too() -> None:
    of = world(ONE)
    first, second = of.replica("a"), of.replica("b")

    async def run() -> None:
        for _ in range(30):
            await first.ticker.tick(of.clock.now)
            await second.ticker.tick(of.clock.now)
            of.clock.advance(60)
        of.counts.now = {}
        await of.tick(second)

    asyncio.run(run())
    assert len(of.slack.alerts) == 1


def test_events_that_wait_in_a_spool_are_not_missing() -> None:
    of = world(ONE)
    replica = live(of, (came(ONE), 30))
    waits_since = window_end(of.clock.now, 10) - timedelta(minutes=1)

    async def behind() -> None:
        for _ in range(20):
            await of.memory.publish("door", waits_since, ttl_s=30)
            await of.tick(replica)

    of.counts.now = {}
    asyncio.run(behind())
    live(of, (came(ONE), 5), replica=replica)
    assert of.slack.alerts == []


def test_nothing_is_missing_while_nobody_can_say_whether_a_spool_lags() -> None:
    of = world(ONE)
    replica = live(of, (came(ONE), 30))
    of.lose_redis()
    live(of, ({}, 20), replica=replica)
    assert of.slack.alerts == []


def test_what_burns_is_told_while_what_is_usual_is_not_known(caplog: pytest.LogCaptureFixture) -> None:
    of = world(ONE)
    of.baselines.fail = StoreError("no answer")
    replica = live(of, (came(ONE, bad=50), 30))
    assert told(of)[0] == ("fired", "page", str(ONE))
    assert "traffic is not watched in this minute" in caplog.text
    assert replica.ticker.health.failures_in_a_row == 0


def test_clickhouse_is_asked_for_nothing_without_an_objective_of_traffic() -> None:
    of = world(ONE, objectives=[objective()])
    live(of, (came(ONE), 40))
    assert of.baselines.asked == []
    assert len(of.counts.asked) == 40


def test_where_nothing_is_usual_what_came_is_not_asked_for() -> None:
    of = world(objectives=[objective(), dropped()])
    live(of, (came(ONE), 40))
    assert of.baselines.asked != []
    assert len(of.counts.asked) == 40


def test_requests_on_the_users_own_key_have_a_baseline_of_their_own() -> None:
    every = replace(ARRIVED, exclude_user_byok=False)
    of = world(ONE, objectives=[dropped(), dropped(name="with-byok", sli=every, family="byok")])
    replica = live(of, (came(ONE), 1))
    missing = asyncio.run(replica.ticker.count(NOW))[ONE]
    assert missing[ARRIVED][1_800] == Ratio(0, 600)
    assert missing[every][1_800] == Ratio(600, 600), "none of those was counted"


def test_who_asks_is_told_at_once_whatever_was_watched() -> None:
    of = world(ONE, FAR)
    of.counts.now = came(FAR)
    asked = asyncio.run(Questions(of.replica().ticker).dry_run(NOW))
    assert [(row["severity"], row["objective"], row["bad"], row["valid"]) for row in asked["firing"]] == [
        ("page", "client-silent", 200, 200),
        ("ticket", "traffic-drop", 600, 600),
    ]


def test_explain_gives_what_is_missing_of_what_is_usual() -> None:
    of = world(ONE, FAR)
    of.counts.now = came(FAR)
    answer = asyncio.run(Questions(of.replica().ticker).explain(ONE, NOW))
    (verdict,) = [row for row in answer["verdicts"] if row["indicator"] == "traffic"]
    assert (verdict["bad"], verdict["valid"], verdict["short_bad"], verdict["firing"]) == (600, 600, 200, True)
    assert (verdict["min_requests"], verdict["bad_needed"]) == (30, 123)
    assert answer["traffic"]
