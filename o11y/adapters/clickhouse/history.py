"""The alert history, read back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.statements import statement
from o11y.slo.windows import Severity
from o11y.worker.ports import ToldAlert

_MOST = 100_000


class ClickHouseHistory:
    """Implements ``HistoryStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch

    async def told_since(self, since: datetime) -> Sequence[ToldAlert]:
        """Each alert delivered at or after ``since``, once, with the last time; oldest first. Raises ``StoreError``."""
        bounds = {"since": f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3], "most": _MOST}
        table = await self._ch.query(statement("told_since"), bounds)
        return [
            ToldAlert(key, Severity(severity), told_at.replace(tzinfo=UTC)) for key, severity, told_at in table.rows
        ]
