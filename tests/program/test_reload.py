"""SIGHUP on the real program: a rotation under load, a broken file, a webhook, a certificate, a closed terminal."""

import http.client
import json
import os
import pty
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.certificate import Certificate, made
from tests.program.gateway import Gateway
from tests.program.program import CLIENT, SECRET, Program, o11y
from tests.program.waiting import until
from tests.wire_events import wire_json

NEXT = "the-next-secret"


def put(file: Path, *secrets: str) -> None:
    """As an operator should: the file is there with the old or with the new content, never with half of it."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({CLIENT: list(secrets)}), encoding="utf-8")
    fresh.replace(file)


def status(program: Program, secret: str) -> int:
    return program.post(wire_json(clientSecret=...), headers={"Authorization": f"Bearer {secret}"})[0]


def hang_up(program: Program) -> None:
    program.process.send_signal(signal.SIGHUP)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "client-secrets.json"
    put(path, SECRET)
    return path


@pytest.fixture
def program(tmp_path: Path, file: Path) -> Iterator[Program]:
    with Program(tmp_path / "data", own_secrets=False, client_secrets_file=file) as running:
        yield running


def test_a_secret_is_rotated_under_load_without_a_restart_or_a_valid_request_refused(
    program: Program, file: Path
) -> None:
    process = program.process
    with Gateway(lambda: program.url, seed=1, threads=2) as old:
        old.until_acknowledged(100)
        assert status(program, NEXT) == 403
        put(file, SECRET, NEXT)
        hang_up(program)
        until(lambda: status(program, NEXT) == 204, "the next secret is taken")
        with Gateway(lambda: program.url, seed=2, threads=2, secret=NEXT) as new:
            old.until_acknowledged(100)
            new.until_acknowledged(100)
            # A broken file, and it is still both.
            file.write_text('{"gateway": [', encoding="utf-8")
            hang_up(program)
            until(lambda: "settings not taken" in program.stderr, "the broken file is logged")
            old.until_acknowledged(50)
            new.until_acknowledged(50)
    with Gateway(lambda: program.url, seed=3, threads=2, secret=NEXT) as new_alone:
        put(file, NEXT)
        hang_up(program)
        until(lambda: status(program, SECRET) == 403, "the old secret is refused")
        new_alone.until_acknowledged(100)
    assert old.refusals == new.refusals == new_alone.refusals == []
    assert old.lost_answers == new.lost_answers == new_alone.lost_answers == 0
    assert program.process is process
    assert process.poll() is None
    (line,) = [json.loads(line) for line in program.stderr.splitlines() if "settings not taken" in line]
    assert line["level"] == "ERROR"
    assert str(file) in line["error"]
    assert SECRET not in program.stderr + program.stdout
    assert NEXT not in program.stderr + program.stdout


def test_a_renewed_certificate_is_presented_without_a_restart(tmp_path: Path) -> None:
    served, fresh = made(tmp_path, name="served"), made(tmp_path, name="fresh")
    first = served.certificate.read_bytes()
    program = Program(tmp_path / "data", tls_cert_file=served.certificate, tls_key_file=served.key)
    try:
        program.start(ready=False)
        assert program.url.startswith("https://")
        until(lambda: https_status(program, first.decode(), SECRET) == 204, "it answers over TLS")
        fresh.key.replace(served.key)
        fresh.certificate.replace(served.certificate)
        hang_up(program)
        renewed = served.certificate.read_text(encoding="utf-8")
        until(lambda: https_status(program, renewed, SECRET) == 204, "the new certificate is presented")
        assert https_status(program, first.decode(), SECRET) == 0
        assert program.sigterm() == 0
    finally:
        program.__exit__(None, None, None)


def https_status(program: Program, authority: str, secret: str) -> int:
    """0 when there is no connection that this authority vouches for."""
    context = ssl.create_default_context(cadata=authority)
    connection = http.client.HTTPSConnection(urlsplit(program.url).netloc, timeout=10, context=context)
    try:
        connection.request(
            "POST", "/ingest/api-metrics", wire_json(clientSecret=secret), {"Content-Type": "application/json"}
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def test_a_certificate_that_cannot_be_used_stops_the_start_with_its_name(tmp_path: Path) -> None:
    one, two = made(tmp_path, name="a"), made(tmp_path, name="b")
    done = _start(tmp_path, Certificate(one.certificate, two.key))
    assert done.returncode == 2
    assert done.stderr.startswith(f"o11y: O11Y_TLS_CERT_FILE, O11Y_TLS_KEY_FILE: {one.certificate} with {two.key}: ")
    assert not (tmp_path / "data" / "spool.sqlite").exists()


def _start(tmp_path: Path, pair: Certificate) -> "subprocess.CompletedProcess[str]":
    return o11y("serve", data_dir=tmp_path / "data", port=0, tls_cert_file=pair.certificate, tls_key_file=pair.key)


def test_off_loopback_without_tls_the_log_warns(tmp_path: Path) -> None:
    tokens = json.dumps({"ann": {"token": "a-token-of-the-tests", "role": "editor"}})
    with Program(tmp_path / "data", host="0.0.0.0", admin_tokens=tokens) as program:
        assert "secrets travel in clear text" in program.stderr
        assert program.sigterm() == 0


def test_on_loopback_nothing_warns(program: Program) -> None:
    assert "clear text" not in program.stderr


def test_a_terminal_that_is_closed_ends_what_was_started_from_it(tmp_path: Path) -> None:
    near, far = pty.openpty()
    try:
        program = Program(tmp_path / "data")
        program.start(stdin=far)
    finally:
        os.close(far)
    os.close(near)
    hang_up(program)
    assert program.process.wait(10) == 0
