"""The same of the real program while everything it depends on fails, with passwords in every address it was given."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from redis import Redis

from o11y.adapters.valkey import ValkeyServer
from tests.http_stand_in import Answer, HttpStandIn, Request
from tests.program.program import CLIENT, Program
from tests.program.waiting import until
from tests.security.canary import (
    ADDRESSES,
    ADMIN_TOKEN,
    CLICKHOUSE_PASSWORD,
    CLIENT_SECRET,
    IPV4,
    POSTHOG_KEY,
    REDIS_PASSWORD,
    SECRETS,
    WEBHOOK_SECRET,
    files,
    leaks,
)
from tests.wire_events import wire_event

DENIED = b"Code: 516. DB::Exception: o11y: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)"
EVERYTHING = SECRETS | ADDRESSES


def denied(_: Request) -> Answer:
    return Answer(403, DENIED, {"X-ClickHouse-Exception-Code": "516"})


def closed_port() -> int:
    """Nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def program(folder: Path, *, clickhouse: str, redis: str, **settings: object) -> Program:
    elsewhere = f"http://127.0.0.1:{closed_port()}"
    return Program(
        folder,
        own_secrets=False,
        client_secrets=json.dumps({CLIENT: [CLIENT_SECRET]}),
        admin_tokens=json.dumps({"ann": {"token": ADMIN_TOKEN, "role": "editor"}}),
        clickhouse_url=clickhouse,
        redis_url=redis,
        slack_page_webhook_url=f"{elsewhere}/services/T0/B0/{WEBHOOK_SECRET}",
        slack_ticket_webhook_url=f"{elsewhere}/services/T0/B0/{WEBHOOK_SECRET}",
        heartbeat_url=f"{elsewhere}/{WEBHOOK_SECRET}",
        posthog_api_key=POSTHOG_KEY,
        posthog_host=elsewhere,
        recommended_models_url=f"{elsewhere}/models.json?token={POSTHOG_KEY}",
        log_level="debug",
        **settings,
    )


@contextmanager
def started(running: Program) -> Iterator[None]:
    """Without its stores it never says that it is ready; its door is open all the same."""
    try:
        running.start(ready=False)
        until(lambda: running.get("/healthz")[0] == 200, "the door is open")
        yield
    finally:
        running.__exit__(None, None, None)


def credentials(place: str) -> str:
    return f"http://o11y:{quote(CLICKHOUSE_PASSWORD, safe='')}@{place}"


def use(running: Program, *, failing: str) -> dict[str, bytes | str]:
    """Posts, looks at every page, asks every command, ends it; everything that came out."""
    good = wire_event(clientSecret=CLIENT_SECRET, ipAddress=IPV4)
    assert running.post(json.dumps(good).encode())[0] == 204
    until(lambda: failing in running.stderr, f"the log says {failing!r}")
    written: dict[str, bytes | str] = {
        "an error body": running.post(
            json.dumps({**good, "statusCode": CLIENT_SECRET, "ipAddress": IPV4 + "x"}).encode()
        )[1],
        "/metrics": running.get("/metrics")[1],
        "/readyz": running.get("/readyz")[1],
        "/healthz": running.get("/healthz")[1],
        "the admin doors": b"".join(administer(running)),
    }
    assert "o11y_" in written["/metrics"]
    for command in ("tick --dry-run", "explain a b c", "spool list", "migrate", "notify test"):
        done = running.ask(*command.split())
        written[f"o11y {command.split()[0]}"] = done.stdout + done.stderr
    assert written["o11y migrate"], "it failed, and said why"
    proc = Path("/proc") / str(running.process.pid)
    for task in (proc / "task" / str(running.process.pid) / "children").read_text().split():
        written[f"the command line of child {task}"] = (Path("/proc") / task / "cmdline").read_bytes()
    written["the command line"] = (proc / "cmdline").read_bytes()
    assert (proc / "environ").stat().st_mode & 0o077 == 0
    assert running.sigterm() == 0
    written |= {"stdout": running.stdout, "the log": running.stderr}
    return written | files(running.data_dir)


def administer(running: Program) -> Iterator[bytes]:
    """With the token, with a guess, and with the token where it does not belong."""
    for token in (ADMIN_TOKEN, f"{ADMIN_TOKEN}x"):
        for body in ({"matchers": ["client=x"], "duration": "1h", "comment": "c"}, {"matchers": []}):
            headers = {"Authorization": f"Bearer {token}"}
            yield running.post(json.dumps(body).encode(), "/api/v1/silences", headers=headers)[1]
    yield running.post(b"{}", f"/api/v1/silences/{ADMIN_TOKEN}?active={ADMIN_TOKEN}")[1]


def test_with_every_store_and_receiver_away(tmp_path: Path) -> None:
    away = f"127.0.0.1:{closed_port()}"
    running = program(tmp_path / "data", clickhouse=credentials(away), redis=f"redis://o11y:{REDIS_PASSWORD}@{away}/0")
    with started(running):
        assert leaks(use(running, failing="PostHog does not take events"), EVERYTHING) == []


def test_with_passwords_that_the_stores_refuse(tmp_path: Path) -> None:
    valkey = ValkeyServer(tmp_path / "valkey")
    valkey.start()
    try:
        with Redis(unix_socket_path=str(valkey.socket)) as admin:
            admin.config_set("requirepass", "another")
        with HttpStandIn(denied) as clickhouse:
            running = program(
                tmp_path / "data",
                clickhouse=credentials(urlsplit(clickhouse.url).netloc),
                redis=f"unix://:{REDIS_PASSWORD}@{quote(str(valkey.socket))}",
            )
            with started(running):
                written = use(running, failing="Authentication failed")
                assert "redis" in str(written["/readyz"])
        assert leaks(written, EVERYTHING) == []
    finally:
        valkey.stop()


@pytest.mark.parametrize("role", ["ingest", "evaluate"])
def test_a_start_that_is_refused_names_settings_alone(tmp_path: Path, role: str) -> None:
    running = program(
        tmp_path / "data", clickhouse="http://u:" + quote(CLICKHOUSE_PASSWORD) + "@[::", redis="redis://x"
    )
    done = running.ask("serve", "--role", role)
    assert done.returncode == 2
    assert "O11Y_CLICKHOUSE_URL" in done.stderr
    assert leaks({"stderr": done.stderr, "stdout": done.stdout}, EVERYTHING) == []
