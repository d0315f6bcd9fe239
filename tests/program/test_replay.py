"""Replay: the recorded outage pages when the mathematics says, and a trace with mistakes in it is no trouble."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.program.program import o11y
from tests.wire_events import wire_event

KEYS = {
    "time", "severity", "objective", "indicator", "client", "provider", "model", "transition", "burn_rate_long",
    "burn_rate_short", "burn_rate_threshold", "long_window_s", "short_window_s", "valid", "bad",
}  # fmt: skip
OUTAGE = datetime(2026, 8, 12, 19, 15, tzinfo=UTC)
ERROR = Fraction(407, 1000)  # of the outage's first five minutes, as measured by OpenRouter
BUDGET = Fraction(1, 1000)
#: what is told of a page that somebody is to act on, and not that something joined it or that it is over
URGES = {"fired", "escalated", "reminded", "reopened"}
INGEST_LAG = timedelta(seconds=10)
PAGE_PAIRS = ((300, Fraction("14.4")), (1_800, Fraction(6)))

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ONE_OBJECTIVE = """
version: 1
objectives:
  - name: everything
    indicator: error_rate
    target: 0.9
    per: all
    windows: [{severity: page, long: 5m, short: 1m, burn_rate: 5}]
"""


@pytest.fixture(scope="module")
def demo() -> "CompletedProcess[str]":
    return o11y("demo", "--json")


def told(done: "CompletedProcess[str]") -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def first_whole_minute(at: datetime) -> datetime:
    floor = at.replace(second=0, microsecond=0)
    return floor if floor == at else floor + timedelta(minutes=1)


def test_the_outage_pages_at_the_minute_that_the_formula_says(demo: "CompletedProcess[str]") -> None:
    detection = min(BUDGET / ERROR * window_s * burn_rate for window_s, burn_rate in PAGE_PAIRS)
    expected = first_whole_minute(OUTAGE + timedelta(seconds=float(detection)) + INGEST_LAG)
    first = next(alert for alert in told(demo) if alert["severity"] == "page" and alert["objective"] == "error-rate")
    assert first["time"] == expected.isoformat().replace("+00:00", "Z")
    assert (first["client"], first["model"]) == ("demo-gateway", "openai/gpt-oss-20b")
    assert first["burn_rate_long"] >= first["burn_rate_threshold"] == 14.4


def test_the_healthy_hours_page_nobody(demo: "CompletedProcess[str]") -> None:
    times = [datetime.fromisoformat(alert["time"]) for alert in told(demo)]
    assert min(times) >= OUTAGE
    assert max(times) <= OUTAGE + timedelta(hours=1, minutes=30)  # the last bad bin ends at 20:30; the long window


def test_nobody_is_urged_again_inside_the_cooldown(demo: "CompletedProcess[str]") -> None:
    by_key: dict[tuple[str, ...], list[datetime]] = {}
    for alert in told(demo):
        if alert["severity"] != "page" or alert["transition"] not in URGES:
            continue
        key = tuple(alert[name] for name in ("severity", "objective", "client", "provider", "model"))
        by_key.setdefault(key, []).append(datetime.fromisoformat(alert["time"]))
    gaps = [b - a for times in by_key.values() for a, b in pairwise(times)]
    assert gaps
    assert min(gaps) >= timedelta(minutes=15)


def test_every_notification_is_one_json_object_with_every_key(demo: "CompletedProcess[str]") -> None:
    assert all(alert.keys() >= KEYS for alert in told(demo))
    assert "31,772 accepted, 0 rejected" in demo.stderr
    assert "482 ticks" in demo.stderr


def _trace(path: Path, *, bad_from: int = 5, minutes: int = 12, text: bytes = b"") -> Path:
    """Six requests a minute; from ``bad_from`` on they all fail. ``text`` comes first."""
    lines = []
    for second in range(0, minutes * 60, 10):
        at = START + timedelta(seconds=second)
        status = 503 if second >= bad_from * 60 else 200
        event = wire_event(clientSecret=..., timestamp=at.isoformat(), statusCode=status)
        lines.append(json.dumps(event).encode())
    content = text + b"\n".join(lines) + b"\n"
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def test_bad_lines_are_counted_and_named_and_the_rest_is_replayed(tmp_path: Path) -> None:
    mistakes = (
        b"{not json\n"
        b'["no object"]\n'
        b"\n" + json.dumps(wire_event(timestamp=START.isoformat(), statusCode="200")).encode() + b"\n"
    )
    done = o11y("replay", _trace(tmp_path / "trace.ndjson", text=mistakes), "--json")
    assert told(done), "the outage in it is told"
    for line, why in ((1, "not JSON"), (2, "not a JSON object"), (4, "statusCode: ")):
        assert f"trace.ndjson:{line}: {why}" in done.stderr
    assert "75 events: 72 accepted, 3 rejected" in done.stderr


def test_the_objectives_of_the_option_are_used(tmp_path: Path) -> None:
    objectives = tmp_path / "mine.yaml"
    objectives.write_text(ONE_OBJECTIVE, encoding="utf-8")
    done = o11y("replay", _trace(tmp_path / "trace.ndjson.gz"), "--objectives", objectives, "--json")
    (page,) = told(done)
    assert (page["objective"], page["client"], page["transition"]) == ("everything", "*", "fired")
    # Half of five minutes is bad at 12:07:30; with the lag of 10 s the minute after sees it.
    assert page["time"] == "2026-03-01T12:08:00Z"
    assert (page["bad"], page["valid"]) == (17, 30)


def test_files_are_merged_by_time_and_an_event_twice_counts_once(tmp_path: Path) -> None:
    event = {"clientSecret": ..., "timestamp": START.isoformat(), "eventId": "7f0a6c52-6f0e-4f0b-9a57-0d8f1e9f7a11"}
    twice = tmp_path / "twice.ndjson"
    twice.write_text(2 * (json.dumps(wire_event(**event)) + "\n"), encoding="utf-8")
    done = o11y("replay", twice, _trace(tmp_path / "trace.ndjson", bad_from=99))
    assert done.returncode == 0, done.stderr
    assert "74 events: 74 accepted, 0 rejected, 1 of them repeats" in done.stdout
    assert "no pages, no tickets" in done.stdout


def test_a_page_in_words_and_a_summary_by_dimension(tmp_path: Path) -> None:
    done = o11y("replay", "--client", "blue", _trace(tmp_path / "trace.ndjson"))
    assert "PAGE error-rate: blue / openrouter / vendor/model" in done.stdout
    assert "72 events: 72 accepted, 0 rejected" in done.stdout


@pytest.mark.parametrize("name", ["missing.ndjson", "broken.ndjson.gz"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.ndjson.gz").write_bytes(gzip.compress(b"{}\n" * 1_000)[:20])
    done = o11y("replay", tmp_path / name)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert name in done.stderr
