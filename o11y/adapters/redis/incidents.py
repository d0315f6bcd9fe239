"""Incidents in Redis, each committed in one script with the outbox entry that tells of it."""

import json
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from o11y.adapters.redis import incident_json
from o11y.adapters.redis.connection import Argument, RedisConnection
from o11y.adapters.redis.outbox import OUTBOX, OUTBOX_KEYS, RedisOutbox
from o11y.alerting import notification_json
from o11y.alerting.book import Book
from o11y.alerting.incident import Delivered, Incident, Thread
from o11y.alerting.notification import Notification
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, OutboxEntry
from o11y.worker.ports.incidents import Acknowledgement, Receipt

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
#: beside the outbox, so that one script may change both, on a cluster too
_KEYS = [*OUTBOX_KEYS, *(f"o11y:{{outbox}}:{name}" for name in ("incidents", "receipts", "messages", "revision"))]
_PARTS = ("told", "paged", *(severity.value for severity in Severity), "ack")
_GENERATION = "o11y:generation"


class RedisIncidents:
    """Implements ``IncidentStore``."""

    def __init__(self, redis: RedisConnection, outbox: RedisOutbox) -> None:
        self._redis = redis
        self._outbox = outbox

    async def load(self) -> Book:
        incidents, receipts, revision = await self._run("load")
        return Book(
            {incident.incident_id: incident for incident in _readable(_pairs(incidents))},
            _delivered(_pairs(receipts)),
            int(revision),
        )

    async def commit(
        self,
        incident: Incident,
        *,
        expected: int | None,
        entry: OutboxEntry | None = None,
        anew: bool = False,
        revision: int | None = None,
    ) -> Kept:
        arguments: list[Argument] = [
            incident.incident_id,
            "" if expected is None else expected,
            incident.version,
            incident_json.dumps(incident),
            "1" if anew else "",
            "" if entry is None else notification_json.dumps(entry.notification),
            "" if revision is None else revision,
        ]
        if entry is None:
            return Kept(str(await self._run("commit", *arguments)))
        kept = str(await self._run("commit", *arguments, *self._outbox.arguments_of(entry)))
        if kept == "delivered":  # asked again, after somebody else has sent it
            return Kept.STALE
        if kept != Kept.STALE and not await self._outbox.mirror(entry) and kept == Kept.FULL:
            _log.error("outbox full: entry will not be retried", extra={"id": incident.incident_id})
        return Kept(kept)

    async def forget(self, incidents: Sequence[Incident]) -> None:
        if incidents:
            named: list[Argument] = []
            for incident in incidents:
                named += [incident.incident_id, incident.version]
            await self._run("forget", *named)

    async def receive(self, receipt: Receipt) -> None:
        found = {"told": receipt.at.isoformat()}
        if receipt.pages:
            found["paged"] = receipt.at.isoformat()
        if receipt.thread is not None:
            found[receipt.severity] = json.dumps([receipt.thread.channel, receipt.thread.ts])
        await self._run("receive", receipt.incident_id, *(part for pair in found.items() for part in pair))

    async def delivery_of(self, incident_id: str) -> Delivered:
        found = await self._run("receipts", incident_id, *_PARTS)
        return _delivery({part: value for part, value in zip(_PARTS, found, strict=True) if value is not None})

    async def acknowledge(self, incident_id: str, *, by: str, at: datetime) -> Acknowledgement | None:
        mine = json.dumps([by, at.isoformat()])
        kept = await self._run("acknowledge", incident_id, mine)
        if kept is None:
            return None
        who, when = _read(_acknowledgement, kept) or ("somebody", at)
        return Acknowledgement(who, when, first=kept == mine)

    async def last_message(self, incident_id: str) -> Notification | None:
        text = await self._run("message", incident_id)
        try:
            message = None if text is None else notification_json.loads(text)
        except ValueError as error:
            _log.error("message not readable, left for another version", extra={"id": incident_id, "error": str(error)})
            return None
        return message if isinstance(message, Notification) else None

    async def generation(self) -> str | None:
        marker = await self._redis.get(_GENERATION)
        return None if marker is None else f"{marker} {await self._redis.replication_id()}"

    async def mark_generation(self) -> str:
        marker = await self._redis.set_if_absent(_GENERATION, secrets.token_hex(8))
        return f"{marker} {await self._redis.replication_id()}"

    async def _run(self, *arguments: Argument) -> Any:
        return await self._redis.run(OUTBOX, _KEYS, arguments)


def _pairs(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _readable(found: Mapping[str, str]) -> Iterable[Incident]:
    """One of a newer version is left to those who can read it."""
    for identity, text in found.items():
        try:
            yield incident_json.loads(text.partition("|")[2])
        except ValueError as error:
            _log.error("incident not readable, left for another version", extra={"id": identity, "error": str(error)})


def _delivered(receipts: Mapping[str, str]) -> dict[str, Delivered]:
    by_incident: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name, value in receipts.items():
        incident_id, _, part = name.rpartition("/")
        by_incident[incident_id][part] = value
    return {incident_id: _delivery(parts) for incident_id, parts in by_incident.items()}


def _delivery(parts: Mapping[str, str]) -> Delivered:
    """A part that a newer version wrote in another way is as good as absent."""
    who, when = _read(_acknowledgement, parts.get("ack")) or (None, None)
    threads = {severity.value: _read(_thread, parts.get(severity)) for severity in Severity}
    return Delivered(
        told_at=_read(datetime.fromisoformat, parts.get("told")),
        paged_at=_read(datetime.fromisoformat, parts.get("paged")),
        threads={severity: thread for severity, thread in threads.items() if thread is not None},
        acknowledged_by=who,
        acknowledged_at=when,
    )


def _acknowledgement(text: str) -> tuple[str, datetime]:
    who, when = json.loads(text)
    return str(who), datetime.fromisoformat(when)


def _thread(text: str) -> Thread:
    channel, ts = json.loads(text)
    return Thread(str(channel), str(ts))


def _read(reader: Callable[[str], _T], text: str | None) -> _T | None:
    try:
        return None if text is None else reader(text)
    except (ValueError, TypeError) as error:
        _log.error("receipt not readable", extra={"error": str(error)[:200]})
        return None
