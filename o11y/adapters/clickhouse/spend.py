"""What incidents cost: when each alert was in one, and what was counted meanwhile. Never raw events."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.spend_query import spend_query
from o11y.adapters.clickhouse.statements import statement
from o11y.slo.counts import NOTHING, Ratio
from o11y.slo.windows import Severity
from o11y.worker.ports.alert_log import Episode, Stretch

ANSWER_WITHIN_S = 2.0
_MOST_MEMORY = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ClickHouseSpend:
    """Implements ``SpendStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch

    async def episodes(
        self, keys: Collection[str], *, since: datetime, until: datetime, most: int
    ) -> Sequence[Episode]:
        if not keys:
            return []
        bounds = {"keys": list(keys), "since": _moment(since), "until": _moment(until), "most": most}
        table = await self._ch.query(
            statement("alert_episodes"),
            bounds,
            settings={"max_memory_usage": _MOST_MEMORY},
            timeout_s=ANSWER_WITHIN_S,
        )
        return [_episode(*row) for row in table.rows]

    async def counted(self, stretches: Sequence[Stretch]) -> Sequence[Ratio]:
        if not stretches:
            return []
        query = spend_query(stretches)
        table = await self._ch.query(
            query.sql,
            query.parameters,
            settings={"max_memory_usage": _MOST_MEMORY},
            timeout_s=ANSWER_WITHIN_S,
        )
        found = [NOTHING] * len(stretches)
        for row in table.rows:  # hours and their edges apart
            bad, valid = (row[place] for place in query.cells[stretches[row[0]].sli])
            found[row[0]] += Ratio(min(bad, valid), valid)
        return found


def _episode(
    incident_id: str, key: str, severity: str, began_at: datetime, fired_at: datetime, ended_at: datetime
) -> Episode:
    """As the statement selects it."""
    ended = ended_at.replace(tzinfo=UTC)
    is_open = ended <= _EPOCH or ended_at < fired_at
    paging = Severity.PAGE if severity == Severity.PAGE else Severity.TICKET
    return Episode(incident_id, key, paging, began_at.replace(tzinfo=UTC), None if is_open else ended)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
