"""Slack refusing, failing, hanging and hanging up: every page arrives, once, in order, and says what has changed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise

from o11y.alerting.incident import Change
from o11y.app import Worker
from tests.builders import NOW
from tests.chaos.ledger import audit_told
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.processes import redis_server, workspace
from tests.chaos.receiver import Receiver
from tests.chaos.site import MINUTE, Site
from tests.chaos.stage import STORY
from tests.fakes import SteppingClock
from tests.http_stand_in import Answer
from tests.slack_stand_in import ARCHIVED, CUT, HANG, INVALID_TOKEN, NO_SERVICE, SERVER_ERROR, rate_limited

SILENCE_S = 90
#: by then its end was told, five minutes after it fired last, and Slack had asked for silence
OVER_AFTER = 9 * MINUTE


def rate_limited_for_a_while(scale: Scale) -> Outcome:
    """Slack names the seconds of silence that it wants, and gets them."""
    return _each_page_fails_first("Slack 429 with Retry-After", [rate_limited(str(SILENCE_S))], scale, silence=True)


def rate_limited_without_a_word(scale: Scale) -> Outcome:
    return _each_page_fails_first("Slack 429 without Retry-After", [rate_limited()] * 3, scale)


def server_error(scale: Scale) -> Outcome:
    return _each_page_fails_first("Slack 500", [SERVER_ERROR] * 3, scale)


def hang(scale: Scale) -> Outcome:
    return _each_page_fails_first("Slack hangs", [HANG], scale, times=scale.times(2, 20))


def cut_after_delivery(scale: Scale) -> Outcome:
    """Whoever sent it cannot know that it arrived: one repeat, which says that it may be one."""
    return _each_page_fails_first("Slack cut after delivery", [CUT], scale, repeats=1)


def wrong_webhook_for_an_hour(scale: Scale) -> Outcome:
    return asyncio.run(_wrong_webhook(scale))


SCENARIOS: list[Scenario] = [
    rate_limited_for_a_while,
    rate_limited_without_a_word,
    server_error,
    hang,
    cut_after_delivery,
    wrong_webhook_for_an_hour,
]


@asynccontextmanager
async def _evaluator() -> AsyncIterator[tuple[Site, Worker]]:
    clock = SteppingClock(NOW)
    with workspace() as folder, redis_server(folder / "redis") as redis_url, Receiver(clock) as receiver:
        site = Site(folder, clock, receiver, redis_url)
        async with site.replica() as worker:
            yield site, worker
            assert receiver.refusals == []


# ---------------------------------------------------------------- a page whose first attempts fail


def _each_page_fails_first(
    fault: str,
    failures: Sequence[Answer],
    scale: Scale,
    *,
    times: int | None = None,
    repeats: int = 0,
    silence: bool = False,
) -> Outcome:
    """``repeats``: of each page so many are allowed, if they are marked."""
    times = scale.times(5, 50) if times is None else times
    return asyncio.run(_pages(fault, failures, times=times, repeats=repeats, silence=silence))


async def _pages(fault: str, failures: Sequence[Answer], *, times: int, repeats: int, silence: bool) -> Outcome:
    """An outage of a minute each; all of it is over before the next begins."""
    async with _evaluator() as (site, worker):
        models = [f"vendor/outage-{number:03d}" for number in range(times)]
        for model in models:
            site.receiver.failures.extend(failures)
            site.fires(model)
            await site.minutes([worker], until=site.clock.now + MINUTE)
            site.fires()
            await site.minutes([worker], until=site.clock.now + OVER_AFTER)
        receiver = site.receiver
        assert receiver.failures == [], "a failure has not happened"
        if silence:
            _assert_silence(receiver)
        found = audit_told([told.said for told in receiver.told], dict.fromkeys(models, STORY), marks_allowed=repeats)
        assert not found.unexpected, found.unexpected
        _assert_in_order(receiver, models)
        return Outcome(
            fault,
            times * len(failures),
            notifications=found.due,
            notifications_lost=found.lost,
            notifications_duplicated=found.duplicated + sum(not told.is_page for told in receiver.told),
            marked=found.marked,
            note=f"{len(receiver.asked_at)} attempts",
        )


def _assert_silence(receiver: Receiver) -> None:
    """After each refusal nothing is asked until the silence is over. Of an outage three attempts: its beginning refused
    and delivered, its end.
    """
    for refused, delivered in zip(receiver.asked_at[::3], receiver.asked_at[1::3], strict=True):
        assert delivered - refused >= timedelta(seconds=SILENCE_S), "Slack asked for silence and was not left alone"


def _assert_in_order(receiver: Receiver, models: Sequence[str]) -> None:
    """As they fired."""
    first = [receiver.told.index(receiver.told_of(model)[0]) for model in models]
    assert all(earlier < later for earlier, later in pairwise(first)), f"told in the order {first}"


# ---------------------------------------------------------------- an hour of nothing


async def _wrong_webhook(scale: Scale) -> Outcome:
    """Outages begin all through the hour; all but the last are over at its end."""
    async with _evaluator() as (site, worker):
        receiver, broken_at = site.receiver, site.clock.now
        receiver.standing = [NO_SERVICE, INVALID_TOKEN, ARCHIVED]
        models = [f"vendor/hour-{number:03d}" for number in range(scale.times(6, 28))]
        every = timedelta(minutes=56 // len(models))
        for model in models:
            site.fires(model)
            await site.minutes([worker], until=site.clock.now + (every if model == models[-1] else MINUTE))
            if model != models[-1]:
                site.fires()
                await site.minutes([worker], until=site.clock.now + every - MINUTE)
        await site.minutes([worker], until=broken_at + timedelta(hours=1))
        attempts = len(receiver.asked_at)
        assert receiver.told == []
        receiver.standing = ()
        await site.minutes([worker], until=site.clock.now + 2 * MINUTE, outbox_every_s=2)
        told = [receiver.told_of(model) for model in models]
        for pages in told[:-1]:
            assert all(page.over for page in pages), "what is over does not say so"
        assert all(page.still_firing for page in told[-1]), "what fires still does not say so"
        _assert_in_order(receiver, [model for model, pages in zip(models, told, strict=True) if pages])
        due = {**dict.fromkeys(models, STORY), models[-1]: (Change.FIRED,)}
        found = audit_told([one.said for one in receiver.told], due, may=(Change.REMINDED,))
        assert not found.unexpected, found.unexpected
        return Outcome(
            "wrong Slack webhook for an hour",
            attempts,
            notifications=found.due,
            notifications_lost=found.lost,
            notifications_duplicated=found.duplicated + sum(not one.is_page for one in receiver.told),
            marked=found.marked,
            note=f"all told within {(receiver.told[-1].at - broken_at - timedelta(hours=1)).total_seconds():.0f} s "
            "of its end",
        )
