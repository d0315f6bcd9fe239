"""A fresh database for each test, embedded or behind a server's protocol.

``O11Y_TEST_CLICKHOUSE_URL`` names a real server, which then stands in for the facade where no fault is injected.
"""

import asyncio
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import chdb
import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from tests.clickhouse_facade import Facade, facade_over

REAL_SERVER = os.environ.get("O11Y_TEST_CLICKHOUSE_URL")
_numbers = count()


@pytest.fixture(scope="session")
def engine_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One engine folder for all: a process has one at a time."""
    return tmp_path_factory.mktemp("clickhouse")


@pytest.fixture(scope="module", autouse=True)
def _engine(engine_path: Path) -> Iterator[None]:
    """Open from the first test of a module to its last: opening it anew is most of a small test's time."""
    engine = chdb.connect(str(engine_path.resolve()))
    yield
    engine.close()


@pytest.fixture
def database() -> str:
    return f"test_{os.getpid()}_{next(_numbers)}"


@pytest.fixture
def embedded(engine_path: Path, database: str) -> Iterator[ClickHouse]:
    yield from _closed(ClickHouse.embedded(engine_path, database=database))


@pytest.fixture
def facade(engine_path: Path) -> Iterator[Facade]:
    with facade_over(engine_path) as facade:
        yield facade


@pytest.fixture
def behind_facade(facade: Facade, database: str) -> Iterator[ClickHouse]:
    yield from _closed(ClickHouse.server(facade.url, database=database))


@pytest.fixture(params=["embedded", "server"])
def either(request: pytest.FixtureRequest, database: str) -> Iterator[ClickHouse]:
    """The same claims hold of both engines."""
    if request.param == "embedded":
        yield request.getfixturevalue("embedded")
    elif REAL_SERVER:
        yield from _closed(ClickHouse.server(REAL_SERVER, database=database))
    else:
        yield request.getfixturevalue("behind_facade")


def _closed(ch: ClickHouse) -> Iterator[ClickHouse]:
    try:
        yield ch
        asyncio.run(ch.command(f"DROP DATABASE IF EXISTS {ch.database}"))
    finally:
        ch.close()
