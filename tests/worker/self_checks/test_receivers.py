"""A receiver that takes nothing is told through the other one."""

import asyncio
from datetime import datetime, timedelta

import pytest

from o11y.slo.windows import Severity
from o11y.worker.ports import NotifyError
from o11y.worker.self_checks.receivers import FAILING_AFTER, ReceiverCheck
from tests.builders import NOW, notice
from tests.worker_fakes import World

PAGE, TICKET = Severity.PAGE, Severity.TICKET
LONG_AGO = NOW - timedelta(minutes=12)


def look(failing: dict[Severity, datetime], *, apart: bool = True) -> list[tuple[str, Severity | None]]:
    """Whose receiver fails, and whose is to tell it."""
    found = asyncio.run(ReceiverCheck(lambda: failing, apart=lambda: apart).look(NOW))
    return [(trouble.of, trouble.severity) for trouble in found]


@pytest.mark.parametrize(("failing", "other"), [(PAGE, TICKET), (TICKET, PAGE)])
def test_it_is_told_through_the_other_severitys_receiver(failing: Severity, other: Severity) -> None:
    assert look({failing: LONG_AGO}) == [(failing, other)]


def test_where_both_are_one_or_both_fail_nobody_can_be_told() -> None:
    assert look({PAGE: LONG_AGO}, apart=False) == [(PAGE, None)]
    assert look({PAGE: LONG_AGO, TICKET: NOW}) == [(PAGE, None)]
    assert look({PAGE: LONG_AGO, TICKET: LONG_AGO}) == [(PAGE, None), (TICKET, None)]


def test_one_that_has_failed_for_less_than_five_minutes_is_given_its_time() -> None:
    assert look({}) == []
    assert look({PAGE: NOW - FAILING_AFTER + timedelta(seconds=1)}) == []
    assert look({PAGE: NOW - FAILING_AFTER}) == [(PAGE, TICKET)]


def test_the_words_say_since_when_and_what_to_do() -> None:
    (found,) = asyncio.run(ReceiverCheck(lambda: {PAGE: LONG_AGO}, apart=lambda: True).look(NOW))
    assert found.title == "The receiver of pages takes no message"
    assert "since 11:48 UTC (12 min)" in found.text
    assert "`o11y notify test`" in found.text


def test_a_delivery_that_fails_is_found_until_a_message_is_taken() -> None:
    async def scenario(world: World) -> None:
        replica = world.replica()
        check = ReceiverCheck(lambda: replica.delivery.failing_since, apart=lambda: True)
        world.slack.fails = [NotifyError("Slack answered 404 no_service")] * 2
        await replica.notices.tell(notice())
        assert await check.look(world.clock()) == []
        world.clock.advance(FAILING_AFTER.total_seconds())
        await replica.delivery.retry_due()
        (found,) = await check.look(world.clock())
        assert (found.of, found.severity, found.since) == (PAGE, TICKET, NOW)
        world.clock.advance(60)
        assert await replica.delivery.retry_due() == 1
        assert await check.look(world.clock()) == []

    asyncio.run(scenario(World()))
