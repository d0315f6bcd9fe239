"""Every kind of message, as Slack shows it and as Slack takes it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from o11y.adapters.slack.blocks import BLOCKS_LIMIT, MESSAGE_LIMIT, fitting, section
from o11y.adapters.slack.message import Message, slack_message, slack_reply
from o11y.alerting.incident import Cause, Change, Extent
from o11y.alerting.notification import Facts, Notice, Notification, Presence
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import NOW, account, alert, dimension, latency, notice, notification, objective, pair, ratio
from tests.slack_stand_in import problems_of

FACTS = Facts((("503", 40), ("429", 10)), (("azure", 30), ("bedrock", 20)), 120, 1_000_000, 22_040.0)
HOSTILE = [
    "<!channel>",
    "<https://evil.example|click>",
    "m" * 500,
    "&" * 1_024,
    "😀🚨👨\u200d👩\u200d👧" * 100,
    "מודל \u202eevil",
    "`code` *bold* _it_ ~no~",
    "two\nlines\r\n\x00\x1b[31m",
    "half \ud800",
    " ",
]


def told(message: Notification | Notice, **settings: Any) -> str:
    """Everything that is shown, without the preview."""
    made = slack_message(message, **settings)
    return json.dumps([*made.blocks, *made.attachments], ensure_ascii=False)


def shown(message: Notification | Notice) -> list[Message]:
    """In each of the ways in which it may be told."""
    made = [
        slack_message(message, public_url="https://o11y.example", buttons=buttons, live=live)
        for buttons, live in ((False, False), (False, True), (True, True))
    ]
    return [*made, slack_reply(message)] if isinstance(message, Notification) else made


def refused(message: Notification | Notice) -> list[str]:
    return [problem for made in shown(message) for problem in problems_of(json.dumps(made.payload).encode())]


def kinds(name: str) -> dict[str, Notification | Notice]:
    """One of each kind, ``name`` wherever a name from outside can stand."""
    where = dimension(name, client=name, provider=name)
    facts = Facts(((name, 5),) * 9, ((name, 4),) * 9, 120, 1_000_000, 22_040.0)
    named = objective(name=name, runbook=f"https://wiki.example/[{name}")
    slow = objective(name=name, sli=latency(), target="0.9", pairs=(pair(burn_rate=5),))
    late: dict[str, Any] = {"delivered_at": NOW + timedelta(hours=1), "presence": Presence.OVER, "repeated": True}
    lowered = alert(objective=named, dimension=where, severity=Severity.TICKET, lowered_because=name)
    return {
        "page": notification(alert(objective=named, dimension=where), facts=facts),
        "ticket": notification(lowered, facts=facts),
        "latency": notification(alert(objective=slow, dimension=where, pair=pair(burn_rate=5)), facts=facts),
        "late": notification(alert(dimension=where), late_detection=True, without_memory=True, **late),
        "aggregate": notification(alert(dimension=dimension(None, client=None, provider=name))),
        "several": notification(*(alert(objective=named, dimension=where) for _ in range(40)), facts=facts),
        **{f"incident: {change}": _incident(change, name) for change in Change},
        "notice": notice(title=name, text=f"{name}\n" * 100),
        "empty notice": notice(title="", text=""),
    }


def _incident(change: Change, name: str) -> Notification:
    where = dimension(name, client=name, provider=name)
    story = account(
        change,
        cause=Cause(Dimension(None, name, None), Indicator.ERROR_RATE),
        extent=Extent(2, 3, (2, 3), (2, 3), (2, 3), (name,) * 5, 3, "model", (name,) * 5, 3, "provider"),
        joined=(where,) * 12,
        acknowledged_by=name,
        acknowledged_at=NOW,
        ended_silence=name,
        silenced=name,
        spent_bad=1,
        spent_valid=2,
    )
    alerts = [alert(objective=objective(name=name, runbook=f"https://wiki.example/{name}"), dimension=where)] * 10
    return notification(*alerts, account=story, unseen=1_000, repeated=True)


KINDS = list(kinds("any"))


@pytest.mark.parametrize("name", ["vendor/model", *HOSTILE], ids=lambda name: ascii(name)[:20])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_message_is_taken_whatever_the_names_in_it(kind: str, name: str) -> None:
    assert refused(kinds(name)[kind]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_pings_anybody(kind: str) -> None:
    made = shown(kinds("<!channel>")[kind])
    assert "<!channel>" not in json.dumps([message.payload for message in made])


def test_a_page_tells_all_that_the_on_call_needs() -> None:
    page = alert(objective=objective(runbook="https://wiki.example/errors"), long=ratio(374, 1_000))
    text = told(notification(page, facts=FACTS), public_url="https://o11y.example")
    for piece in (
        "🚨 PAGE · error-rate · gateway / vendor / vendor/model",
        "37.4 % failed in the last 5m: 374 of 1,000 requests",
        "`vendor/model`",
        "374× over 5m, 500× over 1m; threshold 14.4×",
        "99.9 % of requests succeed",
        "88 % left, gone in",
        "`503`: 40",
        "`azure`: 30",
        "<https://o11y.example/d/gateway/vendor/vendor%2Fmodel|Dashboard>",
        "<https://wiki.example/errors|Runbook>",
        "2026-11-21 12:00 UTC",
    ):
        assert piece in text


def test_a_page_and_a_ticket_differ_by_sign_and_word_in_blocks_and_preview() -> None:
    page, ticket = slack_message(notification()), slack_message(notification(alert(severity=Severity.TICKET)))
    assert page.blocks[0]["text"]["text"].startswith("🚨 PAGE ")
    assert ticket.blocks[0]["text"]["text"].startswith("🎫 TICKET ")
    assert page.text.startswith("🚨 PAGE ")
    assert ticket.text.startswith("🎫 TICKET ")


def test_the_preview_alone_says_what_is_wrong_and_where() -> None:
    assert slack_message(notification()).text == (
        "🚨 PAGE `error-rate`: `gateway / vendor / vendor/model`. 50 % failed in the last 5m: 50 of 100 requests."
    )


def test_the_worst_ten_of_many_are_listed_and_the_rest_counted() -> None:
    message = slack_message(notification(*(alert(dimension=dimension(f"model-{n}")) for n in range(25)), facts=FACTS))
    listed = message.blocks[1]["text"]["text"]
    assert listed.count("•") == 10
    assert "model-9`" in listed
    assert "model-10`" not in listed
    assert listed.endswith("… and 15 more")
    assert "25 dimensions" in message.blocks[0]["text"]["text"]
    assert "The worst of 25, `gateway / vendor / model-0`: 50 % failed" in message.text


def test_exactly_ten_leave_nothing_to_count() -> None:
    message = slack_message(notification(*(alert(dimension=dimension(f"model-{n}")) for n in range(10))))
    assert "more" not in message.blocks[1]["text"]["text"]


def test_what_is_unusual_is_in_the_blocks_and_in_the_preview() -> None:
    late = notification(repeated=True, delivered_at=NOW + timedelta(hours=1), presence=Presence.FIRING)
    for text in (told(late), slack_message(late).text):
        assert "delivered at 2026-11-21 13:00 UTC; still firing" in text
        assert "May be a repeat" in text


def test_what_is_not_known_takes_no_room() -> None:
    assert "Status codes" not in told(notification())
    assert "Dashboard" not in told(notification())


def test_an_aggregate_says_all_where_it_sums() -> None:
    (edge,) = slack_message(notification(alert(dimension=dimension(None, client=None)))).attachments
    fields = edge["blocks"][0]["fields"]
    assert [field["text"] for field in fields[:3]] == ["*Client*\nall", "*Provider*\n`vendor`", "*Model*\nall"]


def test_blocks_beyond_what_a_message_holds_are_left_out() -> None:
    assert len(fitting([section("x")] * 80)) == BLOCKS_LIMIT
    assert len(fitting([section("x" * 3_000)] * 10)) == MESSAGE_LIMIT // 3_000


def test_what_happened_stands_above_the_coloured_part_that_slack_folds() -> None:
    made = slack_message(kinds("any")["incident: escalated"], buttons=True, live=True)
    assert [block["type"] for block in made.blocks] == ["header", *["section"] * 5, "actions", "actions"]
    assert [block["type"] for block in made.attachments[0]["blocks"]] == ["section", "context"]


def test_a_message_that_is_too_long_loses_its_particulars_first() -> None:
    made = slack_message(kinds("&" * 1_024)["incident: fired"], buttons=True, live=True)
    assert made.blocks[0]["type"] == "header"
    assert made.blocks[-1]["type"] == "actions"


def test_a_message_kept_up_to_date_shows_the_state_and_its_reply_the_news() -> None:
    grows = notification(account=account(Change.JOINED, joined=(dimension("b"),), since=NOW - timedelta(hours=1)))
    root, reply = slack_message(grows, live=True), slack_reply(grows)
    assert root.blocks[0]["text"]["text"].startswith("🚨 PAGE · ")
    assert root.blocks[1]["text"]["text"] == "Firing since 11:00 UTC."
    assert reply.blocks[0]["text"]["text"] == "🚨 1 more: gateway / vendor / b; now 1 alert."


def test_where_nothing_can_be_edited_the_header_brings_the_news() -> None:
    reminder = notification(account=account(Change.REMINDED))
    assert slack_message(reminder).blocks[0]["text"]["text"].startswith("🚨 PAGE STILL FIRING · ")


def test_a_reply_that_is_shown_beside_its_thread_says_what_it_is_about() -> None:
    for change in (Change.REOPENED, Change.ESCALATED, Change.REMINDED):
        assert (
            "error-rate · gateway / vendor / vendor/model"
            in slack_reply(notification(account=account(change))).blocks[0]["text"]["text"]
        )


def test_a_link_is_a_button_or_small_print_and_never_both() -> None:
    page = notification(alert(objective=objective(runbook="https://wiki.example/errors")), account=account())
    quiet = told(page, public_url="https://o11y.example")
    loud = told(page, public_url="https://o11y.example", buttons=True, live=True)
    assert "<https://o11y.example/d/gateway/vendor/vendor%2Fmodel|Dashboard>" in quiet
    assert "o11y_dashboard" not in quiet
    assert "<https://o11y.example/d/gateway/vendor/vendor%2Fmodel|Dashboard>" not in loud
    assert "o11y_dashboard" in loud


def test_a_resolution_is_green_and_has_no_particulars() -> None:
    (edge,) = slack_message(notification(account=account(Change.RESOLVED), facts=FACTS)).attachments
    assert [block["type"] for block in edge["blocks"]] == ["context"]


def test_a_name_from_the_right_is_isolated_and_not_spelled_out() -> None:
    text = told(notification(alert(dimension=dimension("מודל"))))
    assert "\u2068מודל\u2069" in text
    assert "\\u2068" not in text
