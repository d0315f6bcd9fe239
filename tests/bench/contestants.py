"""The servers that take turns on one core, from the least that HTTP allows to the whole worker."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from o11y.adapters.valkey import ValkeyServer
from tests.bench.nginx import installed, nginx
from tests.bench.processor import give_way
from tests.bench.program import SECRET, Program, command, free_port, running, worker
from tests.program.facade_process import ClickHouseProcess


@dataclass(frozen=True, slots=True)
class Stores:
    """Servers on the core of the load."""

    clickhouse_url: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class Contestant:
    """``start`` yields it, ready. ``durable``: its 204 means that the event is on the disk, and it takes batches.

    ``without_shipping`` is the same, with nothing but the doors and the spool to do.
    """

    name: str
    start: Callable[[], AbstractContextManager[Program]]
    durable: bool = False
    without_shipping: Callable[[], AbstractContextManager[Program]] | None = None


def contestants(server: str, stores: Stores, *, on: Sequence[int]) -> list[Contestant]:
    """Those of one HTTP server, each alone on the cores ``on`` during its turn."""
    found = [
        Contestant("bare server: reads the body", lambda: _bare(server, on=on)),
        Contestant("validates, keeps nothing", lambda: _bare(server, "validating", on=on)),
        Contestant(
            "durable: --role ingest, servers elsewhere",
            lambda: _ingest(server, stores, on=on),
            durable=True,
            without_shipping=lambda: _alone(server, stores, on=on),
        ),
        Contestant("durable: everything on this core", lambda: _everything(server, on=on), durable=True),
    ]
    if server == "hypercorn":
        found.insert(0, Contestant("stock hypercorn: reads the body", lambda: _bare(server, "stock", on=on)))
    if installed():
        found.insert(0, Contestant("nginx: return 204", lambda: nginx(on=on)))
    return found


@contextmanager
def stores() -> Iterator[Stores]:
    """Here, and of lower priority than the load: they store in what it leaves them."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="o11y-bench-")))
        valkey = ValkeyServer(folder / "valkey")
        valkey.start()
        stack.callback(valkey.stop)
        clickhouse = stack.enter_context(ClickHouseProcess(folder / "clickhouse"))
        give_way(clickhouse.pid)
        yield Stores(clickhouse.url, valkey.url)


@contextmanager
def _bare(server: str, *what: str, on: Sequence[int]) -> Iterator[Program]:
    port = free_port()
    arguments = [sys.executable, "-m", "tests.bench.bare", server, str(port), *what]
    with running(arguments, port=port, ready="/", environment={}, on=on) as program:
        yield program


@contextmanager
def _everything(server: str, *, on: Sequence[int]) -> Iterator[Program]:
    with (
        tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder,
        worker(Path(folder) / "data", server=server, on=on) as program,
    ):
        yield program


@contextmanager
def _alone(server: str, servers: Stores, *, on: Sequence[int]) -> Iterator[Program]:
    """The worker with ``--role ingest`` and a ClickHouse that is away: it stores, and ships nothing."""
    with _ingest(server, Stores(f"http://127.0.0.1:{free_port()}", servers.redis_url), on=on) as program:
        yield program


@contextmanager
def _ingest(server: str, servers: Stores, *, on: Sequence[int]) -> Iterator[Program]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        environment = {
            "O11Y_PORT": str(port),
            "O11Y_DATA_DIR": str(Path(folder) / "data"),
            "O11Y_CLIENT_SECRETS": json.dumps({"bench": [SECRET]}),
            "O11Y_SERVER": server,
            "O11Y_LOG_LEVEL": "warning",
            "O11Y_CLICKHOUSE_URL": servers.clickhouse_url,
            "O11Y_REDIS_URL": servers.redis_url,
        }
        arguments = [*command(), "serve", "--role", "ingest"]
        with running(arguments, port=port, ready="/readyz", environment=environment, on=on) as program:
            yield program
