"""The alert history: what was decided and told, kept through the spool like any event."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

import orjson

from o11y.alerting.alert import Alert
from o11y.alerting.record import alert_record, rfc3339
from o11y.worker.ports import Spool, SpoolFull

log = logging.getLogger(__name__)

_COLUMNS = (
    "transition", "key", "severity", "objective", "indicator", "scope", "long_window_s", "short_window_s",
    "burn_rate_threshold", "burn_rate_long", "burn_rate_short", "valid", "bad", "short_valid", "short_bad", "reason",
    "notification_id",
)  # fmt: skip


class History:
    """Writes rows of ``alert_history`` to the spool; the shipper takes them to ClickHouse."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    async def write(
        self, alerts: Sequence[Alert], transition: str, *, now: datetime, notification_id: str = "", reason: str = ""
    ) -> None:
        """A history that cannot be kept never stops a page: it is logged instead."""
        if not alerts:
            return
        try:
            rows = [_row(alert, transition, notification_id, reason, now) for alert in alerts]
            await asyncio.to_thread(self._spool.append_history, rows, now=now)
        except SpoolFull as error:
            log.error("alert history not kept", extra={"transition": transition, "error": str(error)})
        except Exception:  # whatever it is, the page goes first
            log.exception("alert history not kept", extra={"transition": transition})


def _row(alert: Alert, transition: str, notification_id: str, reason: str, now: datetime) -> bytes:
    record = alert_record(alert, transition=transition, notification_id=notification_id, reason=reason)
    row = {name: record[name] for name in _COLUMNS}
    row["at"] = record["time"]
    row["recorded_at"] = rfc3339(now)
    names = {"client": alert.dimension.client, "provider": alert.dimension.provider, "model": alert.dimension.model}
    row.update({name: "" if value is None else value for name, value in names.items()})
    return orjson.dumps(row)[:-1]
