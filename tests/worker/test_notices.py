import asyncio
from datetime import timedelta

import pytest

from o11y.slo.windows import Severity
from o11y.worker.notices import dimensions_folded, spool_too_old
from o11y.worker.ports import NotifyError, SpoolDepth
from tests.builders import NOW, notice
from tests.worker_fakes import World


def test_the_same_trouble_is_told_at_most_once_an_hour() -> None:
    async def scenario(world: World) -> None:
        notices = world.replica().notices
        for _ in range(61):
            await notices.tell(notice(notice_id="trouble", at=world.clock.now))
            world.clock.advance(60)
        assert [sent.at for sent in world.slack.notices] == [NOW, NOW + timedelta(hours=1)]
        assert len({sent.notice_id for sent in world.slack.notices}) == 2

    asyncio.run(scenario(World()))


def test_different_troubles_do_not_wait_for_each_other() -> None:
    async def scenario(world: World) -> None:
        notices = world.replica().notices
        await notices.tell(notice(notice_id="one"))
        await notices.tell(notice(notice_id="two"))
        assert len(world.slack.notices) == 2

    asyncio.run(scenario(World()))


def test_a_notice_that_slack_does_not_take_now_waits_in_the_outbox() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        world.slack.fails = [NotifyError("503")]
        await replica.notices.tell(notice())
        world.clock.advance(1)
        await replica.notices.tell(notice())
        assert await replica.delivery.retry_due() == 1
        assert len(world.slack.notices) == 1

    asyncio.run(scenario(World()))


def test_a_notice_that_could_not_be_sent_at_all_may_be_told_again() -> None:
    async def scenario(world: World) -> None:
        notices = world.replica().notices
        world.slack.fails = [RuntimeError("a bug")]
        with pytest.raises(RuntimeError):
            await notices.tell(notice())
        await notices.tell(notice())
        assert len(world.slack.notices) == 1

    asyncio.run(scenario(World()))


def depth(age_s: int | None) -> SpoolDepth:
    oldest = None if age_s is None else NOW - timedelta(seconds=age_s)
    return SpoolDepth(events=1234, bytes=1, oldest=oldest, oldest_event_time=oldest, aside=0)


def test_a_spool_too_old_is_a_ticket_that_says_how_old() -> None:
    told = spool_too_old(depth(1200), now=NOW, limit_s=600)
    assert told is not None
    assert told.severity is Severity.TICKET
    assert "1,234 events has waited 20 min" in told.text


@pytest.mark.parametrize("age_s", [None, 0, 599])
def test_a_spool_that_is_young_or_empty_is_none(age_s: int | None) -> None:
    assert spool_too_old(depth(age_s), now=NOW, limit_s=600) is None


def test_each_client_with_too_many_models_is_a_trouble_of_its_own() -> None:
    one, two = dimensions_folded("a", 2000, now=NOW), dimensions_folded("b", 2000, now=NOW)
    assert one.notice_id != two.notice_id
    assert "2,000" in one.text
