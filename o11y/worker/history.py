"""The alert history: what was decided and told, kept through the spool like any event."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from o11y.alerting.chronicle import Record
from o11y.alerting.incident import Incident, Member, Thread
from o11y.alerting.notification import Notification
from o11y.alerting.record import alert_record, rfc3339
from o11y.worker.ports import Spool, SpoolFull

log = logging.getLogger(__name__)

_COLUMNS = (
    "transition", "key", "severity", "objective", "indicator", "scope", "long_window_s", "short_window_s",
    "burn_rate_threshold", "burn_rate_long", "burn_rate_short", "valid", "bad", "short_valid", "short_bad", "reason",
    "notification_id",
)  # fmt: skip


class History:
    """Writes rows of ``alert_history`` to the spool; the shipper takes them to ClickHouse.

    A history that cannot be kept never stops a page: it is logged instead.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    async def changed(
        self, incident: Incident, records: Sequence[Record], *, at: datetime, now: datetime, notification_id: str = ""
    ) -> None:
        """A row for each record: what a minute did to the members of an incident."""
        rows = (_of_member(record, incident, at, notification_id) for record in records)
        await self._write(rows, now)

    async def told(
        self,
        message: Notification,
        transition: str,
        *,
        now: datetime,
        reason: str = "",
        thread: Thread | None = None,
    ) -> None:
        """What became of a message: a row for each alert that it names. ``thread``: where it is, if that is known."""
        incident_id = "" if message.account is None else message.account.incident_id
        about = {"incident_id": incident_id}
        if thread is not None:
            about["slack"] = f"{thread.channel}/{thread.ts}"
        rows = []
        for alert in message.alerts:
            record = alert_record(alert, transition=transition, notification_id=message.notification_id, reason=reason)
            names = {kind: getattr(alert.dimension, kind) for kind in ("client", "provider", "model")}
            row = {name: record[name] for name in _COLUMNS} | {"at": record["time"], **about}
            rows.append(row | {kind: name or "" for kind, name in names.items()})
        await self._write(rows, now)

    async def _write(self, rows: Iterable[dict[str, Any]], now: datetime) -> None:
        try:
            lines = [orjson.dumps(row | {"recorded_at": rfc3339(now)})[:-1] for row in rows]
            if lines:
                await asyncio.to_thread(self._spool.append_history, lines, now=now)
        except SpoolFull as error:
            log.error("alert history not kept", extra={"error": str(error)})
        except Exception:  # whatever it is, the page goes first
            log.exception("alert history not kept")


def _of_member(record: Record, incident: Incident, at: datetime, notification_id: str) -> dict[str, Any]:
    member, dimension = record.member, record.member.dimension
    return {
        "at": rfc3339(at),
        "transition": record.word,
        "key": member.key,
        "severity": member.severity.value,
        "objective": member.objective,
        "indicator": incident.cause.indicator.value,
        "scope": dimension.scope.value,
        "client": dimension.client or "",
        "provider": dimension.provider or "",
        "model": dimension.model or "",
        "long_window_s": member.pair.long_s,
        "short_window_s": member.pair.short_s,
        "burn_rate_threshold": float(member.pair.burn_rate),
        "burn_rate_long": float(member.burn_rate),
        "burn_rate_short": round(_short_rate(member), 4),
        "valid": member.long.valid,
        "bad": member.long.bad,
        "short_valid": member.short.valid,
        "short_bad": member.short.bad,
        "reason": record.reason,
        "notification_id": notification_id,
        "incident_id": incident.incident_id,
    }


def _short_rate(member: Member) -> float:
    """Burn rates of one objective are to each other as their bad fractions."""
    if not (member.long.bad and member.short.valid):
        return 0.0
    long, short = member.long.bad / member.long.valid, member.short.bad / member.short.valid
    return float(member.burn_rate) * short / long
