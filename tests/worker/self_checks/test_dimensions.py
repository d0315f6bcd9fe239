"""Clients with too many models."""

import asyncio

from o11y.metrics import Metrics
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.self_checks.dimensions import DimensionsCheck
from tests.builders import NOW


def test_a_client_is_named_as_long_as_more_of_its_events_are_folded() -> None:
    async def scenario() -> None:
        limit, metrics = DimensionLimit(1), Metrics()
        check = DimensionsCheck(limit, max_per_client=1, metrics=metrics)
        assert await check.look(NOW) == []
        for client in ("a", "b"):
            for model in ("one", "two", "three"):
                limit.admit(client, ("vendor", model), now=NOW)
        found = await check.look(NOW)
        assert [trouble.of for trouble in found] == ["a", "b"]
        assert len({trouble.name for trouble in found}) == 2
        assert "more than 1 provider and model pairs" in found[0].text
        assert await check.look(NOW) == []
        limit.admit("b", ("vendor", "four"), now=NOW)
        assert [trouble.of for trouble in await check.look(NOW)] == ["b"]
        folded = [metrics.registry.get_sample_value("o11y_events_folded_total", {"client": name}) for name in "ab"]
        assert folded == [2, 3]

    asyncio.run(scenario())
