"""The models that may page: fetched, shared, and remembered when the source is away."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from o11y.adapters.recommended_models import FetchedModels, StaticModels
from o11y.worker.ports import MemoryLost
from tests.http_stand_in import Answer, HttpStandIn, Request, closed_url

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class MemoryCache:
    """What replicas share; ``lost`` fails every call."""

    def __init__(self, *, lost: bool = False) -> None:
        self.kept: dict[str, str] = {}
        self.lost = lost

    async def get(self, key: str) -> str | None:
        self._check()
        return self.kept.get(key)

    async def put(self, key: str, value: str, *, ttl_s: int) -> None:
        self._check()
        assert ttl_s > HOUR.total_seconds(), "the last good copy outlives its hour"
        self.kept[key] = value

    def _check(self) -> None:
        if self.lost:
            raise MemoryLost("Redis does not answer")


class Source(HttpStandIn):
    """A list over HTTP; ``body`` may change."""

    def __init__(self, *models: str) -> None:
        super().__init__(self._list)
        self.body = json.dumps(models).encode()
        self.status = 200

    def _list(self, request: Request) -> Answer:
        return Answer(self.status, self.body, {"Content-Type": "application/json"})


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def ask(models: FetchedModels | StaticModels, *moments: datetime) -> list[frozenset[str] | None]:
    async def each() -> list[frozenset[str] | None]:
        return [await models.ids(now=moment) for moment in moments]

    return asyncio.run(each())


def test_a_static_list_is_normalised_like_events() -> None:
    assert ask(StaticModels(["Vendor/Model:free", " other "]), NOW) == [frozenset({"vendor/model", "other"})]


@pytest.mark.parametrize("ids", [[], ["", "  "]])
def test_no_static_list_is_no_list(ids: list[str]) -> None:
    assert ask(StaticModels(ids), NOW) == [None]


def test_a_fetched_list_is_normalised_like_events() -> None:
    with Source("Vendor/Model:free", "vendor/other") as source:
        assert ask(FetchedModels(source.url, MemoryCache()), NOW) == [frozenset({"vendor/model", "vendor/other"})]


def test_a_list_is_fetched_once_an_hour() -> None:
    with Source("a") as source:
        models = FetchedModels(source.url, MemoryCache())
        ask(models, NOW, NOW + HOUR - MINUTE)
        assert len(source.requests) == 1
        source.body = b'["b"]'
        assert ask(models, NOW + HOUR) == [frozenset({"b"})]
        assert len(source.requests) == 2


def test_a_replica_takes_the_list_that_another_fetched_until_its_hour_is_over() -> None:
    cache = MemoryCache()
    with Source("a") as source:
        ask(FetchedModels(source.url, cache), NOW)
        other = FetchedModels(source.url, cache)
        assert ask(other, NOW + 59 * MINUTE) == [frozenset({"a"})]
        assert len(source.requests) == 1
        ask(other, NOW + HOUR)
        assert len(source.requests) == 2


def test_another_source_does_not_inherit_the_list() -> None:
    cache = MemoryCache()
    with Source("a") as one, Source("b") as two:
        ask(FetchedModels(one.url, cache), NOW)
        assert ask(FetchedModels(two.url, cache), NOW) == [frozenset({"b"})]


@pytest.mark.parametrize(
    "body",
    [b"[]", b'["", " "]', b"not json", b'{"models": ["b"]}', b"[1, 2]", b"[" * 100_000, b"\xff", b'["b"'],
    ids=range(8),
)
def test_an_empty_or_unreadable_list_is_a_failed_fetch_and_the_last_good_one_stays(body: bytes) -> None:
    with Source("a") as source:
        models = FetchedModels(source.url, MemoryCache())
        ask(models, NOW)
        source.body = body
        assert ask(models, NOW + HOUR) == [frozenset({"a"})]


@pytest.mark.parametrize("status", [404, 500])
def test_a_source_that_fails_leaves_the_last_good_list(status: int) -> None:
    with Source("a") as source:
        models = FetchedModels(source.url, MemoryCache())
        ask(models, NOW)
        source.status = status
        assert ask(models, NOW + 30 * HOUR) == [frozenset({"a"})]


def test_the_last_good_list_survives_a_restart() -> None:
    cache = MemoryCache()
    with Source("a") as source:
        ask(FetchedModels(source.url, cache), NOW)
        source.status = 500
        assert ask(FetchedModels(source.url, cache), NOW + 30 * HOUR) == [frozenset({"a"})]


def test_with_no_list_at_all_there_is_none() -> None:
    assert ask(FetchedModels(closed_url(), MemoryCache()), NOW) == [None]


def test_a_failed_fetch_is_tried_again_after_a_minute_and_not_before() -> None:
    with Source("a") as source:
        source.status = 500
        models = FetchedModels(source.url, MemoryCache())
        ask(models, NOW, NOW + timedelta(seconds=59))
        assert len(source.requests) == 1
        source.status = 200
        assert ask(models, NOW + MINUTE) == [frozenset({"a"})]


def test_a_hanging_source_is_given_up() -> None:
    with Source("a") as source:
        source.hanging = True
        assert ask(FetchedModels(source.url, MemoryCache(), timeout_s=0.1), NOW) == [None]


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    with Source("a" * 2_000) as source:
        assert ask(FetchedModels(source.url, MemoryCache(), largest_body=1_000), NOW) == [None]


def test_many_askers_share_one_fetch() -> None:
    async def crowd(models: FetchedModels) -> None:
        await asyncio.gather(*(models.ids(now=NOW) for _ in range(20)))

    with Source("a") as source:
        asyncio.run(crowd(FetchedModels(source.url, MemoryCache())))
        assert len(source.requests) == 1


def test_without_the_shared_cache_the_process_has_its_own_copy() -> None:
    with Source("a") as source:
        models = FetchedModels(source.url, MemoryCache(lost=True))
        assert ask(models, NOW, NOW + MINUTE) == [frozenset({"a"})] * 2
        assert len(source.requests) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        '{"models": []}',
        '{"models": 5, "fetched_at": "x"}',
        '{"models": [], "fetched_at": "2026-11-21T12:00:00+00:00"}',
    ],
)
def test_a_damaged_cache_is_not_believed(text: str) -> None:
    cache = MemoryCache()
    with Source("a") as source:
        ask(FetchedModels(source.url, cache), NOW)
        cache.kept = dict.fromkeys(cache.kept, text)
        assert ask(FetchedModels(source.url, cache), NOW) == [frozenset({"a"})]


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://models.example/list", "models.json"])
def test_only_http_is_fetched(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        FetchedModels(url, MemoryCache())
