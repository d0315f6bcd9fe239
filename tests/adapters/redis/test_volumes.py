"""The contract of ``VolumeStore``, for the fake and for the real one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import redis

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.volumes import RedisVolumes
from o11y.alerting.incident import Change
from o11y.alerting.volume import Folded, Volume
from o11y.slo.windows import Severity
from o11y.worker.ports import VolumeStore
from tests.builders import NOW
from tests.fakes import FakeIncidents, FakeOutbox

Play = Callable[[Callable[[VolumeStore], Awaitable[None]]], None]


@pytest.fixture(params=["fake", "redis"])
def play(request: pytest.FixtureRequest, on_redis: Callable[..., None]) -> Play:
    if request.param == "fake":
        return lambda scenario: asyncio.run(scenario(FakeIncidents(FakeOutbox())))  # type: ignore[arg-type]
    return lambda scenario: on_redis(lambda connection: scenario(RedisVolumes(connection)))


def test_the_volume_of_each_receiver_is_kept_as_it_was(play: Play) -> None:
    folded = Folded("i-1", Change.RESOLVED, NOW, 'resolved: "日本語" | x')
    volume = Volume(sent=(NOW, NOW + timedelta(microseconds=1)), folded=(folded,), digest_at=NOW)

    async def scenario(volumes: VolumeStore) -> None:
        assert await volumes.volume(Severity.PAGE) is None
        await volumes.keep_volume(Severity.PAGE, volume)
        assert await volumes.volume(Severity.PAGE) == volume
        assert await volumes.volume(Severity.TICKET) is None
        await volumes.keep_volume(Severity.PAGE, replace(volume, folded=()))
        assert await volumes.volume(Severity.PAGE) == replace(volume, folded=())

    play(scenario)


def test_a_volume_of_a_newer_version_counts_anew(on_redis: Callable[..., None], redis_url: str) -> None:
    async def scenario(connection: RedisConnection) -> None:
        with redis.Redis.from_url(redis_url) as client:
            client.set("o11y:volume:page", '{"sent":"a lot"}')
        assert await RedisVolumes(connection).volume(Severity.PAGE) is None

    on_redis(scenario)
