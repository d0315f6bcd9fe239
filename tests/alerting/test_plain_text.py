"""The message of a log or a terminal."""

from datetime import timedelta

from o11y.alerting.incident import Change
from o11y.alerting.notification import Facts, Presence
from o11y.alerting.plain_text import WIDTH, plain_text
from o11y.slo.windows import Severity
from tests.builders import NOW, account, alert, dimension, notice, notification, objective

FACTS = Facts((("503", 40), ("429", 10)), (("azure", 30), ("bedrock", 20)), 120, 1_000_000)


def test_a_page_reads_as_a_block_of_named_lines() -> None:
    page = alert(objective=objective(runbook="https://wiki.example/errors"))
    text = plain_text(notification(page, facts=FACTS), public_url="https://o11y.example")
    assert text.splitlines()[1:] == [
        "PAGE error-rate: gateway / vendor / vendor/model",
        "  measured     50 % failed in the last 5m: 50 of 100 requests",
        "  burn rate    500× over 5m, 500× over 1m; threshold 14.4×",
        "  objective    99.9 % of requests succeed",
        "  30 d budget  88 % left, gone in 1h 16m at this rate",
        "  statuses     503: 40, 429: 10",
        "  served by    azure: 30, bedrock: 20",
        "  dashboard    https://o11y.example/d/gateway/vendor/vendor%2Fmodel",
        "  runbook      https://wiki.example/errors",
    ]


def test_a_page_and_a_ticket_differ_at_a_glance() -> None:
    page, ticket = plain_text(notification()), plain_text(notification(alert(severity=Severity.TICKET)))
    assert page.startswith("━━━")
    assert ticket.startswith("───")
    assert ticket.splitlines()[1].startswith("TICKET ")


def test_ten_of_many_are_listed_and_the_rest_counted() -> None:
    text = plain_text(notification(*(alert(dimension=dimension(f"model-{number}")) for number in range(13))))
    assert "model-9" in text
    assert "model-10" not in text
    assert "and 3 more" in text


def test_those_that_the_message_does_not_carry_are_counted_too() -> None:
    told = notification(alert(), account=account(), unseen=12)
    assert "and 12 more" in plain_text(told)


def test_what_follows_the_first_message_is_short() -> None:
    reminder = notification(account=account(Change.REMINDED, since=NOW - timedelta(hours=2)), facts=FACTS)
    assert [line.split()[0] for line in plain_text(reminder).splitlines()[1:]] == [
        "PAGE", "Still", "measured", "burn", "30",
    ]  # fmt: skip


def test_a_resolution_is_a_title_and_its_story() -> None:
    over = notification(account=account(Change.RESOLVED), facts=FACTS)
    assert plain_text(over).splitlines()[1:] == [
        "RESOLVED PAGE · error-rate: gateway / vendor / vendor/model",
        "  Resolved: it fired at 12:00 UTC only.",
    ]


def test_an_address_stays_in_one_piece() -> None:
    runbook = "https://wiki.example/" + "errors-" * 20
    text = plain_text(notification(alert(objective=objective(runbook=runbook))))
    assert f"  runbook      {runbook}" in text.splitlines()


def test_no_line_is_wider_than_the_terminal() -> None:
    told = notification(
        delivered_at=NOW + timedelta(hours=2), presence=Presence.UNKNOWN, without_memory=True, facts=FACTS
    )
    assert max(map(len, plain_text(told).splitlines())) <= WIDTH


def test_a_hostile_name_stays_on_its_line() -> None:
    usual, hostile = notification(), notification(alert(dimension=dimension("a\nPAGE forged\x1b[31m\u202e")))
    assert len(plain_text(hostile).splitlines()) == len(plain_text(usual).splitlines())
    assert "\x1b" not in plain_text(hostile)


def test_a_notice_keeps_its_lines() -> None:
    text = plain_text(notice(text="first\nsecond"))
    assert text.splitlines()[1:] == ["PAGE o11y is blind", "  first", "  second"]
