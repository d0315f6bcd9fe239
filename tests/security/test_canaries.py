"""Planted secrets and addresses are in nothing that was written: logs, answers, metrics, tables, files, messages."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.security.canary import ADDRESSES, CLIENT_SECRET, IPV4, MARKER, SECRETS, forms, leaks

Seen = dict[str, Any]
EVERYTHING = SECRETS | ADDRESSES


def test_good_and_bad_requests_were_answered_as_they_should(seen: Seen) -> None:
    assert seen["mixed"] == [204, 204, 403, 204, 403, 204, 204, 204, 400, 400, 400, 400, 415, 415, 404, 200, 400]


def test_the_search_finds_what_is_there(seen: Seen, tmp_path: Path) -> None:
    assert seen["spooled"], "the marker was in the spool"
    assert leaks(seen["tables"], {"marker": MARKER}) == ["marker in api_events"]
    assert leaks({"PostHog": json.dumps(seen["posthog"])}, {"marker": MARKER}) == ["marker in PostHog"]


@pytest.mark.parametrize("shift", range(6))
def test_the_search_knows_the_forms_of_a_secret(shift: int) -> None:
    import base64

    for form in forms("canary-clickhouse-pässword/+"):
        assert leaks({"x": b"-" * shift + form}, SECRETS) == ["ClickHouse password in x"]
    credentials = base64.b64encode(b"u" * shift + f":{CLIENT_SECRET}@".encode())
    assert leaks({"a header": credentials}, SECRETS) == ["client secret in a header"]


@pytest.mark.parametrize("place", ["log", "metrics", "shown"])
def test_not_in_the_log_at_debug_level_the_metrics_or_the_answers_of_commands(seen: Seen, place: str) -> None:
    assert seen[place]
    assert leaks({place: seen[place]}, EVERYTHING) == []


def test_not_in_an_answer_to_the_one_who_sent_it(seen: Seen) -> None:
    assert leaks({answer[:200]: answer for answer in seen["answers"]}, EVERYTHING) == []


def test_not_in_any_column_of_any_table(seen: Seen) -> None:
    assert seen["tables"].keys() >= {"api_events", "alert_history", "dimensions", "rollup_10s"}
    assert leaks(seen["tables"], EVERYTHING) == []


def test_not_in_a_file_of_the_data_folder(seen: Seen) -> None:
    """The spool with its log before it was shipped, and Valkey's file with the outbox and the alerts."""
    assert {found.split(" in ")[0] for found in seen["spooled"]} == {"marker"}
    assert {Path(found.split(" in ")[1]).name for found in seen["spooled"]} <= {"spool.sqlite", "spool.sqlite-wal"}
    assert seen["files"] == []


def test_not_in_a_message_to_slack(seen: Seen) -> None:
    assert leaks({"Slack": json.dumps(seen["messages"])}, EVERYTHING) == []


def test_posthog_gets_the_address_as_its_own_property_and_no_secret(seen: Seen) -> None:
    events = [event for batch in seen["posthog"] for event in batch["batch"]]
    assert any(event["properties"].pop("$ip", None) == IPV4 for event in events)
    for event in events:
        event["properties"].pop("$ip", None)
    assert leaks({"PostHog": json.dumps(seen["posthog"])}, EVERYTHING) == []
