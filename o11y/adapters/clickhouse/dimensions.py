"""The names behind ``dim_id``, remembered."""

import logging
from collections.abc import Collection, Mapping

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.statements import statement
from o11y.slo.dimension import Dimension

log = logging.getLogger(__name__)

_MOST_BY_ID = 500  # ids in one statement; beyond that the recent names are read in one go


class ClickHouseDimensions:
    """At most ``most`` names are held; beyond that it starts anew, so memory stays bounded."""

    def __init__(self, ch: ClickHouse, *, most: int = 200_000) -> None:
        self._ch = ch
        self._most = most
        self._held: dict[int, Dimension] = {}

    async def names(self, ids: Collection[int]) -> Mapping[int, Dimension]:
        """The names of ``ids``, and of others. One without a name yet (its row is behind) is absent, and logged.

        Raises ``StoreError``.
        """
        unknown = [dim_id for dim_id in ids if dim_id not in self._held]
        if len(unknown) > _MOST_BY_ID:
            await self.known_dimensions(self._most)
            unknown = [dim_id for dim_id in unknown if dim_id not in self._held][:_MOST_BY_ID]
        if unknown:
            await self._read("dimension_names", {"ids": unknown})
            if missing := sum(dim_id not in self._held for dim_id in unknown):
                log.warning("dimensions without a name are left out of this evaluation", extra={"dimensions": missing})
        return self._held

    async def known_dimensions(self, limit: int) -> list[Dimension]:
        """The dimensions last seen, newest first, at most ``limit``. Raises ``StoreError``."""
        return await self._read("recent_dimensions", {"most": limit})

    async def _read(self, query: str, parameters: dict[str, object]) -> list[Dimension]:
        table = await self._ch.query(statement(query), parameters)
        found = {dim_id: Dimension(client, provider, model) for dim_id, client, provider, model in table.rows}
        if len(self._held) + len(found) > self._most:
            self._held = {}
        self._held |= found
        return list(found.values())
