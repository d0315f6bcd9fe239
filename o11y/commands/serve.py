"""``o11y serve``: the worker, from an owned data folder to an orderly end.

open stores -> ship, deliver, evaluate -> open the doors          and on SIGTERM in reverse:
close the doors -> flush the group commit -> finish the tick -> ship -> close stores -> stop Valkey
"""

import asyncio
import gc
import ipaddress
import logging
import os
import socket
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from o11y.app import Role, Worker, assemble, check_doors, check_role, objectives_of, sink_of
from o11y.commands import first_start
from o11y.commands.administration import administration
from o11y.commands.allocator import give_big_blocks_back
from o11y.commands.answers import answers
from o11y.commands.background import Background
from o11y.commands.clock import utc_now
from o11y.commands.condition import condition_of
from o11y.commands.dashboard import dashboard_routes
from o11y.commands.readiness import readiness
from o11y.commands.reload import Live, reload_when
from o11y.commands.schedule import MinuteSchedule
from o11y.commands.signals import signals
from o11y.commands.watching import watch_of
from o11y.http.admin import admin_routes
from o11y.http.control import control
from o11y.http.ingest import BATCH_PATH, EVENT_PATH, Answered, IngestDoor
from o11y.http.servers import listen, listen_unix, serve
from o11y.http.service import service
from o11y.http.slack_actions import ACTIONS_PATH, SlackActions
from o11y.metrics import Metrics
from o11y.receivers import Channel, ways_of
from o11y.settings import Settings, SettingsError, load_settings
from o11y.stores import open_stores
from o11y.worker.client_clocks import ClientClocks
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest

log = logging.getLogger(__name__)

DRAIN_DEADLINE_S = 2
LONGEST_SOCKET_PATH = 107


async def run(settings: Settings, role: Role) -> None:
    """Until SIGTERM or SIGINT. Raises ``SettingsError`` and the like before anything is served."""
    check_role(settings, role)
    check_doors(settings)
    give_big_blocks_back()
    objectives = objectives_of(settings)
    made = first_start.make_secrets(settings)
    live = Live.of(settings)
    listener = _listener(settings)
    stop, hangup = asyncio.Event(), asyncio.Event()
    with signals(stop, hangup):
        async with open_stores(settings) as stores:
            worker = assemble(
                settings,
                stores,
                objectives=objectives,
                notifiers=live.notifiers,
                clock=utc_now,
                metrics=Metrics(),
            )
            _welcome(live, role, listener)
            first_start.tell(made, settings)
            _warn_of_clear_text(live, listener)
            reloading = asyncio.create_task(reload_when(hangup, live, reread=load_settings))
            try:
                await Serving(live, role, worker).run(listener, stop)
            finally:
                reloading.cancel()


class Serving:
    """The worker with its doors open."""

    def __init__(self, live: Live, role: Role, worker: Worker) -> None:
        self._live = live
        self._settings = settings = live.settings
        self._role = role
        self._worker = worker
        self._limit = DimensionLimit(settings.max_dimensions_per_client)
        self._clocks = ClientClocks()
        self._ingest = Ingest(worker.stores.spool, clock=utc_now)
        self._sink = sink_of(settings)
        self._requests = cache(worker.metrics.requests.labels)  # a look-up of its own takes locks
        self._ticking: asyncio.Task[None] | None = None
        self._watch = watch_of(live, worker, role=role, limit=self._limit, clocks=self._clocks)
        self._started_at = utc_now()

    async def run(self, listener: socket.socket, stop: asyncio.Event) -> None:
        background = Background(
            self._settings, self._worker, self._limit, self._sink, watch=self._watch, role=self._role, stop=stop
        )
        background.start()
        schedule = self._schedule() if self._role.evaluates else None
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        try:
            async with asyncio.TaskGroup() as doors:
                doors.create_task(
                    serve(self._public(), listener, stop=stop, server=self._settings.server, tls=self._live.tls)
                )
                if (path := _socket_path(self._settings.data_dir)) is not None:
                    doors.create_task(serve(control(answers(self._worker)), listen_unix(path), stop=stop))
        finally:
            await self._end(background, schedule)

    def _public(self) -> ASGIApp:
        doors: dict[str, ASGIApp] = {}
        if self._role.ingests:
            door = IngestDoor(
                self._live.secrets,
                self._ingest,
                sink=self._sink,
                limit=self._limit,
                clock=utc_now,
                clocks=self._clocks,
                observe=self._observe,
                max_body_bytes=self._settings.max_body_bytes,
                max_batch_bytes=self._settings.max_batch_bytes,
            )
            doors = {EVENT_PATH: door, BATCH_PATH: door}
        doors[ACTIONS_PATH] = SlackActions(
            self._live.slack,
            self._worker.responses,
            observe=lambda status: self._requests(ACTIONS_PATH, str(status)).inc(),
        )
        checks = readiness(self._role, self._worker)
        administered = admin_routes(self._live.admins, administration(self._worker))
        routes = [*administered, *self._dashboard()]
        return service(doors, readiness=checks, registry=self._worker.metrics.registry, routes=routes)

    def _dashboard(self) -> list[BaseRoute]:
        condition = condition_of(
            self._live,
            self._worker,
            role=self._role,
            watch=self._watch,
            limit=self._limit,
            started_at=self._started_at,
        )
        return dashboard_routes(self._live, self._worker, condition=condition)

    def _observe(self, answered: Answered) -> None:
        metrics = self._worker.metrics
        self._requests(answered.path, str(answered.status)).inc()
        if answered.accepted:
            metrics.events_accepted.inc(answered.accepted)
        if answered.rejected:
            metrics.events_rejected.inc(answered.rejected)

    def _schedule(self) -> MinuteSchedule:
        schedule = MinuteSchedule(self._tick, clock=utc_now, monotonic=time.monotonic)
        schedule.start()
        return schedule

    async def _tick(self) -> None:
        """Shielded: the scheduler cancels its jobs when it stops, and a tick in flight is to be finished."""
        self._ticking = asyncio.create_task(self._worker.ticker.tick(utc_now()))
        await asyncio.shield(self._ticking)

    async def _end(self, background: Background, schedule: MinuteSchedule | None) -> None:
        log.info("stopping")
        await self._ingest.close()
        copies = asyncio.create_task(self._sink.close())  # may take seconds of its own
        if schedule is not None:
            schedule.stop()
        if self._ticking is not None and not self._ticking.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_DEADLINE_S):
                    await asyncio.shield(self._ticking)
        await background.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_DEADLINE_S):
                await self._worker.shipper.drain()
        await copies
        log.info("stopped", extra={"spooled_events": self._worker.stores.spool.depth().events})


def _listener(settings: Settings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        raise SettingsError(
            f"O11Y_HOST, O11Y_PORT: cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            "a free port and an address of this machine are accepted"
        ) from None


def _socket_path(data_dir: Path) -> Path | None:
    path = data_dir / "o11y.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    log.warning("no command socket: the path of the data folder is too long", extra={"path": str(path)})
    return None


def _warn_of_clear_text(live: Live, listener: socket.socket) -> None:
    host = listener.getsockname()[0]
    if live.tls is None and not ipaddress.ip_address(host).is_loopback:
        log.warning(
            "secrets travel in clear text: set O11Y_TLS_CERT_FILE and O11Y_TLS_KEY_FILE, or end TLS before this address"
        )


def _welcome(live: Live, role: Role, listener: socket.socket) -> None:
    """For the person at the terminal; logs go to stderr."""
    settings = live.settings
    host, port = listener.getsockname()[:2]
    scheme = "http" if live.tls is None else "https"
    url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    print(f"o11y listens on {url} (role {role}, data in {settings.data_dir})", flush=True)
    ways = ways_of(settings)
    if missing := [f"{severity}s" for severity, way in ways.items() if way is None]:
        print(f"no Slack receiver for {' and '.join(missing)} (O11Y_SLACK_*): those are printed here", flush=True)
    if any(isinstance(way, Channel) and not way.buttons for way in ways.values()):
        print("no buttons below Slack messages: O11Y_SLACK_SIGNING_SECRET is not set", flush=True)
