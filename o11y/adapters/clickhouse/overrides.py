"""The changes of objectives, in a table that only grows."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from o11y.adapters.clickhouse.client import ClickHouse, Table
from o11y.adapters.clickhouse.statements import statement
from o11y.slo.override import Override, Selector
from o11y.slo.override_json import dumps, loads
from o11y.worker.ports.overrides import MOST_OVERRIDES, Change

log = logging.getLogger(__name__)

TABLE = "objective_overrides"
#: a tick waits no longer than this for what may have changed
ANSWER_WITHIN_S = 2.0
_MOST_CHANGES = 1_000
_ALL = ""
_EVER, _NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class ClickHouseOverrides:
    """Implements ``OverrideStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch

    async def current(self) -> Sequence[Override]:
        table = await self._ask("current_overrides", {"most": MOST_OVERRIDES})
        return list(_readable(_override, table.rows))

    async def last(self, selector: Selector) -> Change | None:
        names = {name: getattr(selector, name) or _ALL for name in ("objective", "client", "provider", "model")}
        found = await self._ask("last_override_change", names)
        return next(_readable(_change, found.rows), None)

    async def append(self, change: Change) -> None:
        await self._ch.insert_rows(TABLE, _row(change), token=f"override-{change.change_id}")

    async def changes(
        self,
        *,
        objective: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        most: int = 100,
    ) -> Sequence[Change]:
        parameters = {
            "objective": objective or _ALL,
            "since": _moment(since or _EVER),
            "before": _moment(before or _NEVER),
            "most": min(most, _MOST_CHANGES),
        }
        table = await self._ask("override_changes", parameters)
        return list(_readable(_change, table.rows))

    async def _ask(self, query: str, parameters: Mapping[str, Any]) -> Table:
        return await self._ch.query(statement(query), parameters, timeout_s=ANSWER_WITHIN_S)


def _readable(read: Any, rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """One that a newer version wrote in words of its own is left out."""
    for row in rows:
        try:
            yield read(row)
        except ValueError as error:
            log.error("change of an objective not readable", extra={"objective": row[0], "error": str(error)})


def _override(row: tuple[Any, ...]) -> Override:
    *names, at, by, note, after = row
    values = loads(after)
    if values is None:
        raise ValueError("no override")
    return Override(_selector(names), values, by, at.replace(tzinfo=UTC), note)


def _change(row: tuple[Any, ...]) -> Change:
    *names, version, at, by, note, before, after, change_id = row
    return Change(
        change_id, version, at.replace(tzinfo=UTC), by, _selector(names), loads(before), loads(after), note=note
    )


def _selector(names: Sequence[str]) -> Selector:
    objective, client, provider, model = names
    return Selector(objective, client or None, provider or None, model or None)


def _row(change: Change) -> bytes:
    selector = change.selector
    row = {
        "objective": selector.objective,
        "client": selector.client or _ALL,
        "provider": selector.provider or _ALL,
        "model": selector.model or _ALL,
        "version": change.version,
        "changed_at": _moment(change.at),
        "changed_by": change.by,
        "note": change.note,
        "before": dumps(change.before),
        "after": dumps(change.after),
        "change_id": change.change_id,
    }
    return json.dumps(row).encode() + b"\n"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
