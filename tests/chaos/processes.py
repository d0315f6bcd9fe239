"""The servers that replicas share, each a process of its own, in a folder that goes with the scenario."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from o11y.adapters.valkey import ValkeyServer
from tests.program.facade_process import ClickHouseProcess
from tests.program.waiting import until


@dataclass(frozen=True, slots=True)
class Servers:
    """``settings`` are what a program needs to use them."""

    clickhouse: ClickHouseProcess
    redis_url: str

    @property
    def settings(self) -> dict[str, Any]:
        return {"clickhouse_url": self.clickhouse.url, "redis_url": self.redis_url}


@contextmanager
def workspace() -> Iterator[Path]:
    """A short path: the sockets in it must fit into the 103 bytes that every kernel takes."""
    with tempfile.TemporaryDirectory(prefix="o11y-chaos-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    with ClickHouseProcess(folder / "clickhouse-server") as clickhouse, redis_server(folder / "redis") as url:
        yield Servers(clickhouse, url)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Redis itself where it is installed, else the Valkey that o11y brings along; its URL."""
    binary = shutil.which("redis-server")
    if binary is None:
        valkey = ValkeyServer(folder)
        valkey.start()
        try:
            yield valkey.url
        finally:
            valkey.stop()
        return
    folder.mkdir()
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", "", "--appendonly", "yes"]
    options += ["--repl-diskless-sync-delay", "0"]  # a replica that asks is alone: nobody is waited for
    process = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
    try:
        with Redis(unix_socket_path=str(socket)) as client:
            until(lambda: _answers(client), "redis-server answers")
        yield f"unix://{socket}"
    finally:
        process.kill()  # asked to end, it refuses while a replica's first append-only file is being written
        process.wait(10)


def _answers(client: "Redis") -> bool:
    with suppress(RedisError, OSError):
        return bool(client.ping())
    return False
