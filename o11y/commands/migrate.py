"""``o11y migrate``: the tables of a server, or of an embedded database that nobody has open, brought up to date."""

import asyncio

from o11y.adapters.clickhouse.migrations import migrate
from o11y.settings import Settings
from o11y.stores import open_clickhouse


def run(settings: Settings) -> int:
    applied = asyncio.run(_migrate(settings))
    for name in applied:
        print(f"applied {name}")
    if not applied:
        print("the database is up to date")
    return 0


async def _migrate(settings: Settings) -> list[str]:
    async with open_clickhouse(settings) as clickhouse:
        return await migrate(clickhouse)
