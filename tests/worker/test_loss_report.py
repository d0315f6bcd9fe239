"""A loss is told once, by whichever process can."""

import asyncio
from dataclasses import replace

import pytest

from o11y.alerting.notification import Notice
from o11y.metrics import Metrics
from o11y.slo.windows import Severity
from o11y.worker.loss_report import spool_damaged, tell_losses
from o11y.worker.ports import SpoolLoss
from tests.builders import NOW
from tests.fakes_spool import FakeSpool

LOSS = SpoolLoss(
    number=1,
    at=NOW,
    events=1_200,
    history=0,
    maybe_shipped=0,
    exact=True,
    carried=5_000,
    kept_as="spool.sqlite.damaged-20261121T120000Z",
    reason="checksum of part 1 of 3 is wrong",
    told=False,
)


def test_a_loss_is_a_page_with_its_number_and_is_told_once() -> None:
    async def scenario() -> None:
        spool, metrics, told = FakeSpool(), Metrics(), []

        async def tell(notice: Notice) -> None:
            told.append(notice)

        spool.lost = [LOSS]
        for _ in range(2):
            await tell_losses(spool, tell=tell, metrics=metrics, now=NOW)
        assert [notice.title for notice in told] == ["o11y lost 1,200 events: spool damaged"]
        assert told[0].severity is Severity.PAGE
        assert "5,000 events were saved" in told[0].text
        assert LOSS.kept_as in told[0].text
        assert metrics.registry.get_sample_value("o11y_spool_events_lost_total") == 1_200

    asyncio.run(scenario())


def test_a_loss_that_could_not_be_told_is_told_later() -> None:
    async def scenario() -> None:
        spool, metrics, told = FakeSpool(), Metrics(), []
        spool.lost = [LOSS]

        async def fail(notice: Notice) -> None:
            raise ConnectionError("nobody there")

        async def tell(notice: Notice) -> None:
            told.append(notice)

        with pytest.raises(ConnectionError):
            await tell_losses(spool, tell=fail, metrics=metrics, now=NOW)
        await tell_losses(spool, tell=tell, metrics=metrics, now=NOW)
        assert len(told) == 1
        assert metrics.registry.get_sample_value("o11y_spool_events_lost_total") == 1_200

    asyncio.run(scenario())


def test_damage_that_cost_nothing_wakes_nobody() -> None:
    assert spool_damaged(replace(LOSS, events=0), now=NOW) is None


def test_what_is_not_known_exactly_says_so() -> None:
    notice = spool_damaged(replace(LOSS, exact=False, history=2, maybe_shipped=7), now=NOW)
    assert notice is not None
    assert notice.title == "o11y lost at least 1,200 events: spool damaged"
    assert "2 rows of the alert history" in notice.text
    assert "7 of them had been sent to ClickHouse and may be there" in notice.text
