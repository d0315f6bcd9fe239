"""An acknowledged event is in the table once, and once in every rollup, whatever was killed on its way."""

import json
import random
import socket
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from tests.program.facade_process import ClickHouseProcess, assert_exactly_once
from tests.program.gateway import Gateway
from tests.program.program import SECRET, Program
from tests.wire_events import wire_json

KILLS = 10


def test_kill_9_at_random_moments_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    dice = random.Random(20_261)
    program = Program(tmp_path / "data", log_level="error")
    with program, Gateway(lambda: program.url, seed=1) as gateway:
        for _ in range(KILLS):
            gateway.until_acknowledged(dice.randrange(20, 2_500))
            program.kill9()
            program.start()
        gateway.until_acknowledged(100)
    assert gateway.lost_answers >= KILLS
    assert gateway.refusals == []
    _assert_stored_once(program, gateway.acknowledged)


def test_sigterm_under_load_ends_in_ten_seconds_with_code_0_and_loses_nothing(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    with program, Gateway(lambda: program.url, seed=2) as gateway:
        gateway.until_acknowledged(500)
        assert program.sigterm() == 0
        program.start()
        gateway.until_acknowledged(10)
    assert "Traceback" not in program.stderr
    assert gateway.refusals == []
    _assert_stored_once(program, gateway.acknowledged)


def test_a_gateway_that_never_finishes_its_request_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with Program(tmp_path / "data") as program:
        address = urlsplit(program.url)
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
            connection.sendall(b"POST /ingest/api-metrics HTTP/1.1\r\nHost: o11y\r\nExpect: 100-continue\r\n")
            connection.sendall(b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 100"), "the door reads the body"
            connection.sendall(b"{")
            assert program.post(wire_json(clientSecret=SECRET))[0] == 204
            assert program.sigterm() == 0


def test_a_gateway_that_repeats_an_event_after_a_lost_answer_is_counted_once(tmp_path: Path) -> None:
    ids = [str(uuid4()) for _ in range(20)]
    with Program(tmp_path / "data") as program:
        for event_id in ids[:10]:
            _post_without_listening(program, event_id)
        for event_id in ids[10:]:  # one fsync a request, then the answer is lost with the program
            assert program.post(wire_json(clientSecret=SECRET, eventId=event_id))[0] == 204
        program.kill9()
        program.start()
        for event_id in ids * 2:
            assert program.post(wire_json(clientSecret=SECRET, eventId=event_id))[0] == 204
        accepted = program.post(_batch(ids), "/ingest/api-metrics/batch")
        assert accepted == (200, b'{"accepted":20,"rejected":[]}')
    with ClickHouseProcess(_shipped(program)) as stored:
        assert_exactly_once(stored, set(ids))
        assert len(stored.rows("SELECT 1 FROM api_events")) == len(ids)


def _batch(ids: list[str]) -> bytes:
    return b"[" + b",".join(wire_json(clientSecret=SECRET, eventId=event_id) for event_id in ids) + b"]"


def _post_without_listening(program: Program, event_id: str) -> None:
    """The whole request, and the connection is cut before any answer."""
    address = urlsplit(program.url)
    body = wire_json(clientSecret=SECRET, eventId=event_id)
    head = f"POST /ingest/api-metrics HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _shipped(program: Program) -> Path:
    """The engine's folder, when a last run has shipped the spool and ended."""
    if program.process.poll() is not None:
        program.start()
    program.until_shipped()
    assert program.sigterm() == 0
    depth = json.loads(program.ask("spool", "list", "--json").stdout)
    assert (depth["events"], depth["aside"]) == (0, [])
    return program.data_dir / "clickhouse"


def _assert_stored_once(program: Program, acknowledged: set[str]) -> None:
    with ClickHouseProcess(_shipped(program)) as stored:
        assert_exactly_once(stored, acknowledged)
