"""``o11y serve``: the worker, from an owned data folder to an orderly end.

open stores -> ship, deliver, evaluate -> open the doors          and on SIGTERM in reverse:
close the doors -> flush the group commit -> finish the tick -> ship -> close stores -> stop Valkey
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from pydantic import SecretStr
from starlette.types import ASGIApp

from o11y.app import Role, Worker, assemble, check_role, notifiers_of, objectives_of, open_stores, sink_of
from o11y.commands.answers import answers
from o11y.commands.background import Background
from o11y.commands.clock import utc_now
from o11y.commands.readiness import readiness
from o11y.http.client_secrets import ClientSecrets
from o11y.http.control import control
from o11y.http.ingest import BATCH_PATH, EVENT_PATH, Answered, IngestDoor
from o11y.http.servers import listen, listen_unix, serve
from o11y.http.service import service
from o11y.metrics import Metrics
from o11y.settings import Settings, SettingsError, first_secrets
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.ingest import Ingest

log = logging.getLogger(__name__)

#: the spool makes a hard end safe, so an end that hangs is cut
END_DEADLINE_S = 9.5
DRAIN_DEADLINE_S = 2
LONGEST_SOCKET_PATH = 107


async def run(settings: Settings, role: Role) -> None:
    """Until SIGTERM or SIGINT. Raises ``SettingsError`` and the like before anything is served."""
    check_role(settings, role)
    objectives = objectives_of(settings)
    clients, made = _clients(settings)
    listener = _listener(settings)
    stop = asyncio.Event()
    with _signals(stop):
        async with open_stores(settings) as stores:
            worker = assemble(
                settings,
                stores,
                objectives=objectives,
                notifiers=notifiers_of(settings),
                clock=utc_now,
                metrics=Metrics(),
            )
            _welcome(settings, role, listener, clients, made)
            await Serving(settings, role, worker).run(listener, clients, stop)


class Serving:
    """The worker with its doors open."""

    def __init__(self, settings: Settings, role: Role, worker: Worker) -> None:
        self._settings = settings
        self._role = role
        self._worker = worker
        self._limit = DimensionLimit(settings.max_dimensions_per_client)
        self._ingest = Ingest(worker.stores.spool, clock=utc_now)
        self._sink = sink_of(settings)
        self._ticking: asyncio.Task[None] | None = None

    async def run(
        self, listener: socket.socket, clients: Mapping[str, Sequence[SecretStr]], stop: asyncio.Event
    ) -> None:
        background = Background(self._settings, self._worker, self._limit, self._sink, stop=stop)
        background.start()
        scheduler = self._scheduler() if self._role.evaluates else None
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        try:
            async with asyncio.TaskGroup() as doors:
                doors.create_task(serve(self._public(clients), listener, stop=stop, server=self._settings.server))
                if (path := _socket_path(self._settings.data_dir)) is not None:
                    doors.create_task(serve(control(answers(self._worker)), listen_unix(path), stop=stop))
        finally:
            await self._end(background, scheduler)

    def _public(self, clients: Mapping[str, Sequence[SecretStr]]) -> ASGIApp:
        doors: dict[str, ASGIApp] = {}
        if self._role.ingests:
            secrets = {name: [s.get_secret_value() for s in listed] for name, listed in clients.items()}
            door = IngestDoor(
                ClientSecrets(secrets),
                self._ingest,
                sink=self._sink,
                limit=self._limit,
                clock=utc_now,
                observe=self._observe,
                max_body_bytes=self._settings.max_body_bytes,
                max_batch_bytes=self._settings.max_batch_bytes,
            )
            doors = {EVENT_PATH: door, BATCH_PATH: door}
        checks = readiness(self._role, self._worker)
        return service(doors, readiness=checks, registry=self._worker.metrics.registry)

    def _observe(self, answered: Answered) -> None:
        metrics = self._worker.metrics
        metrics.requests.labels(answered.path, str(answered.status)).inc()
        metrics.events_accepted.inc(answered.accepted)
        metrics.events_rejected.inc(answered.rejected)

    def _scheduler(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.add_job(
            self._tick,
            CronTrigger(second=0, timezone=UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=30,
        )
        scheduler.start()
        return scheduler

    async def _tick(self) -> None:
        """Shielded: the scheduler cancels its jobs when it stops, and a tick in flight is to be finished."""
        self._ticking = asyncio.create_task(self._worker.ticker.tick(utc_now()))
        await asyncio.shield(self._ticking)

    async def _end(self, background: Background, scheduler: AsyncIOScheduler | None) -> None:
        log.info("stopping")
        await self._ingest.close()
        copies = asyncio.create_task(self._sink.close())  # may take seconds of its own
        if scheduler is not None:
            scheduler.shutdown(wait=False)
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


def _clients(settings: Settings) -> tuple[Mapping[str, Sequence[SecretStr]], bool]:
    return (settings.client_secrets, False) if settings.client_secrets else first_secrets(settings.data_dir)


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


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT ask for the orderly end; one that takes too long is cut, which the spool makes safe."""
    cut = threading.Timer(END_DEADLINE_S, os._exit, args=(1,))
    cut.daemon = True

    def ask() -> None:
        if not stop.is_set():
            stop.set()
            cut.start()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    try:
        yield
    finally:
        cut.cancel()


def _welcome(
    settings: Settings,
    role: Role,
    listener: socket.socket,
    clients: Mapping[str, Sequence[SecretStr]],
    made: bool,
) -> None:
    """For the person at the terminal; logs go to stderr."""
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    print(f"o11y listens on {url} (role {role}, data in {settings.data_dir})", flush=True)
    if made:
        ((client, (secret, *_)),) = clients.items()
        print(f"first start: client {client!r} may post with the secret {secret.get_secret_value()}", flush=True)
        print(f"             it is kept in {settings.data_dir / 'client-secrets.json'}", flush=True)
    if settings.slack_page_webhook_url is None or settings.slack_ticket_webhook_url is None:
        print("no Slack webhook for pages or tickets (O11Y_SLACK_*_WEBHOOK_URL): those are printed here", flush=True)
