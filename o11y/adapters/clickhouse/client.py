"""A connection to ClickHouse: a few threads with a driver client each, and errors in our own words."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

from clickhouse_connect.driver import create_client
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from o11y.adapters.clickhouse.failure import UNKNOWN_DATABASE, store_error
from o11y.worker.ports import StoreError

CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 30
QUERY_TIMEOUT_S = 15.0
MAX_WAITING = 64  # calls queued for a thread; one more is refused
DEFAULT_DATABASE = "o11y"

#: The engine keeps freed memory for itself, hundreds of megabytes of it, until told to give it back.
PURGE = "SYSTEM JEMALLOC PURGE"
PURGE_EVERY_BYTES = 2 * 1024 * 1024

#: How the engine merges inside this process: on one thread, the smaller of two merges first. Four at once, its own
#: choice for two cores, held up to 0.4 GB together; two keep small merges going beside a long one.
ENGINE_OPTIONS: Mapping[str, Any] = {
    "background_pool_size": 1,
    "background_merges_mutations_concurrency_ratio": 2,
    "background_merges_mutations_scheduling_policy": "shortest_task_first",
}

#: Everything that exactly-once rests on, said on every insert: see ``0001_events.sql`` for the tables' part.
INSERT_SETTINGS: Mapping[str, Any] = {
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "async_insert": 0,
    "input_format_parallel_parsing": 0,  # one batch, one block, one token
    "input_format_skip_unknown_fields": 0,  # a misspelt column is an error, not a loss
    "input_format_null_as_default": 0,
    "date_time_input_format": "best_effort",
    "optimize_on_insert": 0,  # what the views hand on is grouped already; summing it once more cost a quarter
}

#: Said with every question to an engine that knows it. ORDER BY with LIMIT over several parts is a TYPE_MISMATCH in
#: ClickHouse 26.5 otherwise (its issue 106294), and may read far more than without (115573).
QUERY_SETTINGS: Mapping[str, Any] = {"use_top_k_dynamic_filtering": 0}

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Table:
    """An answer by columns; ``columns`` is empty when there are no rows."""

    columns: Sequence[Sequence[Any]]

    @property
    def rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*self.columns, strict=True)


class ClickHouse:
    """Queries, inserts and commands against one database, which is made when it is not there.

    Calls run in ``threads`` threads with a driver client each (chDB releases the GIL; HTTP clients are not shared).
    Every call has a deadline, and raises nothing but ``StoreError``. Connects at the first call, and again at the
    next one after a failure.
    """

    def __init__(
        self, connect: Callable[[], Client], *, database: str, place: str, threads: int = 3, inside: bool = False
    ) -> None:
        """``inside``: the engine is in this process, and so is its memory."""
        if not _IDENTIFIER.fullmatch(database):
            raise ValueError(f"database: {database!r} is not a plain identifier (letters, digits, _)")
        self.database = database
        self.migrated = False  # set once every migration is known to be applied
        self._connect = connect
        self._place = place
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="clickhouse")
        self._local = threading.local()
        self._clients: list[Client] = []
        self._waiting = 0
        self._inside = inside
        self._unpurged = 0  # bytes of rows inserted since memory was given back

    @classmethod
    def embedded(cls, path: Path, *, database: str = DEFAULT_DATABASE, threads: int = 3) -> "ClickHouse":
        """The engine inside this process, with its data in ``path``: one process a folder, one folder a process."""
        path.mkdir(parents=True, exist_ok=True)
        connect = partial(
            create_client,
            interface="chdb",
            path=str(path),
            chdb_options=dict(ENGINE_OPTIONS),
            show_clickhouse_errors="scrub",
        )
        return cls(connect, database=database, place=f"the embedded ClickHouse in {path}", threads=threads, inside=True)

    @classmethod
    def server(
        cls, url: str, *, database: str | None = None, threads: int = 3, answer_timeout_s: int = ANSWER_TIMEOUT_S
    ) -> "ClickHouse":
        """``http[s]://[user[:password]@]host[:port][/database][?secure=true][&ca=FILE]``; ``ValueError`` otherwise.

        ``database`` goes before the one in the URL. A server silent for ``answer_timeout_s`` is given up on.
        """
        connect, path_database, place = _server_target(url, answer_timeout_s)
        return cls(connect, database=database or path_database or DEFAULT_DATABASE, place=place, threads=threads)

    async def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        timeout_s: float = QUERY_TIMEOUT_S,
    ) -> Table:
        """The answer of one SELECT; ``{name:Type}`` in it are bound by ClickHouse."""
        limits = {"max_execution_time": timeout_s, **(settings or {})}

        def ask(client: Client) -> Table:
            known = {name: value for name, value in QUERY_SETTINGS.items() if name in client.server_settings}
            said = {**known, **limits}
            result = client.query(sql, parameters=dict(parameters or {}), settings=said, column_oriented=True)
            return Table(result.result_columns if result.row_count else ())

        return await self._run(ask, timeout_s=timeout_s)

    async def insert_rows(self, table: str, rows: bytes, *, token: str) -> None:
        """JSONEachRow lines, once for a ``token`` however often it is called with the same bytes.

        A connection that drops before the answer is a ``StoreError`` that says nothing about the rows: sent again, the
        token makes that harmless. ``StoreError.content`` tells that the rows were refused, and none of them stored.
        """
        settings = {**INSERT_SETTINGS, "insert_deduplication_token": token}

        def send(client: Client) -> None:
            # Bytes would be copied behind the statement, 12 MB of them; a view goes as it is, the statement in the URL.
            client.raw_insert(table, insert_block=cast(bytes, memoryview(rows)), settings=settings, fmt="JSONEachRow")

        await self._run(send, timeout_s=ANSWER_TIMEOUT_S, inserting=True)
        self._unpurged += len(rows)
        if self._inside and self._unpurged >= PURGE_EVERY_BYTES:
            self._unpurged = 0
            with suppress(StoreError):  # the rows are stored
                await self.command(PURGE)

    async def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """A statement without an answer."""
        await self._run(
            lambda client: client.command(sql, parameters=dict(parameters or {})), timeout_s=ANSWER_TIMEOUT_S
        )

    def close(self) -> None:
        """Waits for the calls under way, then lets go of the engine or the sockets."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        _close(self._clients)
        self._clients.clear()

    async def _run(self, call: Callable[[Client], _T], *, timeout_s: float, inserting: bool = False) -> _T:
        if self._waiting >= MAX_WAITING:
            raise StoreError(f"{self._place} is too far behind: {MAX_WAITING} calls are waiting")
        self._waiting += 1
        try:
            # The engine's own limit comes first; this one is for an engine that does not keep to it.
            async with asyncio.timeout(timeout_s + 2):
                return await asyncio.get_running_loop().run_in_executor(self._pool, self._call, call)
        except TimeoutError as error:
            raise StoreError(f"{self._place} has not answered within {timeout_s:g} s") from error
        except (ClickHouseError, HTTPError, OSError, RuntimeError) as error:
            raise store_error(error, place=self._place, inserting=inserting) from error
        finally:
            self._waiting -= 1

    def _call(self, call: Callable[[Client], _T]) -> _T:
        client: Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._open()
            self._local.client = client
            self._clients.append(client)
        return call(client)

    def _open(self) -> Client:
        client = self._connect()
        client.database = self.database
        try:
            client.command("SELECT 1")
        except ClickHouseError as error:
            # Asked for only when it is missing: a user with rights on its own database may not create one.
            if getattr(error, "code", None) != UNKNOWN_DATABASE:
                _close([client])
                raise
            client.command(f"CREATE DATABASE IF NOT EXISTS {self.database}", use_database=False)
        return client


def _close(clients: Iterable[Client]) -> None:
    for client in clients:
        client.close()


def _server_target(url: str, answer_timeout_s: int) -> tuple[Callable[[], Client], str | None, str]:
    """How to connect, the database of the path, and words for errors; the URL itself may hold a password."""
    try:
        parts = urlsplit(url)
        host, port, options = parts.hostname, parts.port, parse_qs(parts.query)
    except ValueError:
        raise ValueError(
            "ClickHouse URL: cannot be read; expected http[s]://[user:password@]host[:port][/database]"
        ) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("ClickHouse URL: expected http[s]://[user:password@]host[:port][/database]")
    if unknown := options.keys() - {"secure", "ca"}:
        raise ValueError(f"ClickHouse URL: unknown option {', '.join(sorted(unknown))}; secure and ca are known")
    secure = parts.scheme == "https" or options.get("secure", ["false"])[-1].lower() in ("1", "true")
    connect = partial(
        create_client,
        interface="https" if secure else "http",
        host=host,
        port=port or (8443 if secure else 8123),
        username=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        connect_timeout=CONNECT_TIMEOUT_S,
        send_receive_timeout=answer_timeout_s,
        query_retries=0,
        autogenerate_session_id=False,  # a session refuses a second thread
        show_clickhouse_errors="scrub",
        ca_cert=options.get("ca", [None])[-1],  # the driver's own list of authorities otherwise
        dedicated_pool=True,
    )
    return connect, unquote(parts.path.strip("/")) or None, f"ClickHouse at {host}"
