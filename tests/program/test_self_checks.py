"""The running program watches itself, and its receivers can be tried beside it."""

import json
from collections.abc import Iterator

import pytest

from o11y.worker.self_checks.trouble import Kind
from tests.http_stand_in import closed_url
from tests.program.program import SECRET, Program
from tests.program.waiting import until
from tests.slack_stand_in import SlackStandIn
from tests.wire_events import wire_json


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, slack: SlackStandIn) -> Iterator[Program]:
    """Its pages go to Slack, its tickets to nobody who listens; and the smallest spool that there is."""
    webhooks = {"slack_page_webhook_url": slack.webhook_url, "slack_ticket_webhook_url": closed_url()}
    folder = tmp_path_factory.mktemp("self-checks") / "data"
    with Program(folder, spool_max_bytes=1024 * 1024, **webhooks) as running:
        yield running


def test_receivers_are_tried_beside_the_worker_and_leave_nothing_behind(program: Program, slack: SlackStandIn) -> None:
    before = len(slack.messages)
    done = program.ask("notify", "test", "--json")
    page, ticket = json.loads(done.stdout)
    assert (done.returncode, page["delivered"], ticket["delivered"]) == (1, True, False)
    assert ticket["error"] == "Slack: Connection refused"
    assert len(slack.messages) == before + 1
    assert "o11y_outbox_entries 0.0" in program.get("/metrics")[1]
    assert program.ask("notify", "test", "--severity", "page").returncode == 0


def test_every_kind_of_trouble_is_a_metric_from_the_start(program: Program) -> None:
    metrics = program.get("/metrics")[1]
    assert [kind for kind in Kind if f'o11y_troubles{{trouble="{kind}"}}' not in metrics] == []
    assert "o11y_spool_limit_bytes 1.048576e+06" in metrics


def test_the_clock_of_a_client_is_watched(program: Program) -> None:
    for _ in range(10):
        assert program.post(wire_json(clientSecret=SECRET, timestamp=1))[0] == 400

    def seen() -> bool:
        return 'o11y_troubles{trouble="clock-off"} 1.0' in program.get("/metrics")[1]

    until(seen, "the watch has looked", within_s=60)
    assert 'o11y_client_clock_off_ratio{client="gateway"} 1.0' in program.get("/metrics")[1]
