"""Buttons pressed at bad moments: by two at once and again, without Redis, and while the message is being edited."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from o11y.alerting.incident import Change
from o11y.app import Worker
from o11y.http.servers import listen, serve
from o11y.http.service import service
from o11y.http.slack_actions import ACTIONS_PATH, SlackActions
from o11y.http.slack_signature import SlackSignature
from o11y.worker.ports.responses import ACKNOWLEDGE
from tests.builders import NOW
from tests.chaos.ledger import audit_told
from tests.chaos.outcome import Outcome, Scale
from tests.chaos.processes import redis_server, workspace
from tests.chaos.receiver import COOLDOWN, Receiver
from tests.chaos.said import said_in, shown_by
from tests.chaos.site import MINUTE, Site
from tests.fakes import SteppingClock
from tests.program.relay import Relay
from tests.slack_press import SIGNING_SECRET, press
from tests.slack_workspace import Posted

SILENCE = "o11y_silence_1h"
TAKEN, AWAY = 200, 503
#: Redis is asked again after that
BREAKER_S = 21
ANSWERED = (Change.FIRED, Change.ACKNOWLEDGED, Change.RESOLVED)


def buttons(scale: Scale) -> Outcome:
    """What is pressed holds once, says by whom, and stops the reminders; what could not be kept says so."""
    return asyncio.run(_pressed(scale.times(1, 15)))


async def _pressed(times: int) -> Outcome:
    clock = SteppingClock(NOW)
    due: dict[str, tuple[Change, ...]] = {}
    with (
        workspace() as folder,
        redis_server(folder / "redis") as url,
        Relay(url) as road,
        Receiver(clock) as slack,
    ):
        site = Site(folder, clock, slack, road.url, in_place=True)
        async with _app(site) as app:
            for number in range(times):
                due[f"vendor/twice-{number:03}"] = ANSWERED
                await app.lived_through(f"vendor/twice-{number:03}", app.twice_at_once)
                due[f"vendor/away-{number:03}"] = ANSWERED
                await app.lived_through(f"vendor/away-{number:03}", lambda: app.without_redis(road))
                due[f"vendor/edited-{number:03}"] = ANSWERED[:2]  # silenced: nobody is told of its end
                await app.lived_through(f"vendor/edited-{number:03}", app.while_edited)
            silences = await app.workers[0].silencing.listed()
        found = audit_told(said_in(slack), due, marks_allowed=0)
        assert not found.unexpected, found.unexpected
        assert slack.refusals == [], slack.refusals
        assert len(slack.workspace.roots) == len(due), "an incident has one message"
        assert all(shown_by(root).change is Change.RESOLVED for root in slack.workspace.roots), "an end is not shown"
        assert len(silences) == times, f"{len(silences)} silences of {times} incidents"
    return Outcome(
        "buttons pressed twice, without Redis, in an edit",
        app.presses,
        notifications=found.due,
        notifications_lost=found.lost,
        notifications_duplicated=found.duplicated,
        note="one message an incident; each press holds once",
    )


@dataclass(slots=True)
class _App:
    """Two replicas with a door each for what is pressed."""

    site: Site
    workers: list[Worker]
    urls: list[str]
    presses: int = 0

    async def lived_through(self, model: str, moment: object) -> None:
        """A reminder would be due in the time that it goes on, if nobody had answered."""
        self.site.fires(model)
        await self._pass(2)
        await moment()  # type: ignore[operator]
        await self._pass(COOLDOWN // MINUTE + 2)
        self.site.fires()
        await self._pass(8)

    async def twice_at_once(self) -> None:
        """By two people, each through another replica, and Slack sends both again."""
        pressed = [self._press(ACKNOWLEDGE, user, door, resent=1) for door, user in enumerate(("ann", "bob"))]
        assert await asyncio.gather(*pressed) == [TAKEN, TAKEN]

    async def without_redis(self, road: Relay) -> None:
        road.close()
        assert await self._press(ACKNOWLEDGE, "ann") == AWAY
        assert await self._press(ACKNOWLEDGE, "ann", 1) == AWAY
        road.open()
        self.site.clock.advance(BREAKER_S)
        assert await self._press(ACKNOWLEDGE, "ann") == TAKEN

    async def while_edited(self) -> None:
        """Slack has the edit that an acknowledgement made, and has not answered, when a silence is asked for."""
        assert await self._press(ACKNOWLEDGE, "ann") == TAKEN
        slack = self.site.receiver
        slack.hold()
        editing = asyncio.create_task(self.workers[0].delivery.retry_due())
        assert await asyncio.to_thread(slack.arrived.wait, 10), "no edit"
        pressed = [self._press(SILENCE, user, door) for door, user in enumerate(("bob", "ann"))]
        assert await asyncio.gather(*pressed) == [TAKEN, TAKEN]
        slack.release()
        await editing

    async def _press(self, action_id: str, user: str, door: int = 0, *, resent: int = 0) -> int:
        self.presses += 1
        root, at = self._root(), self.site.clock.now.timestamp()
        seen = await asyncio.to_thread(press, self.urls[door], root, action_id, user=user, at=at, resent=resent)
        return seen.status

    def _root(self) -> Posted:
        return self.site.receiver.workspace.roots[-1]

    async def _pass(self, minutes: int) -> None:
        await self.site.minutes(self.workers, until=self.site.clock.now + minutes * MINUTE, outbox_every_s=15)


@asynccontextmanager
async def _app(site: Site) -> AsyncIterator[_App]:
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(site.replica(name)) for name in ("a", "b")]
        urls = [await stack.enter_async_context(_served(site, worker)) for worker in workers]
        yield _App(site, workers, urls)


@asynccontextmanager
async def _served(site: Site, worker: Worker) -> AsyncIterator[str]:
    """The address of its door."""
    actions = SlackActions(SlackSignature(SIGNING_SECRET, clock=site.clock), worker.responses)
    app = service({ACTIONS_PATH: actions}, readiness=_ready, registry=CollectorRegistry())
    listener, stop = listen("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(serve(app, listener, stop=stop))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    await serving


async def _ready() -> dict[str, str | None]:
    return {}
