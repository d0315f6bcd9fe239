"""The door for buttons: only Slack may knock, and it is never told that something holds which does not."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.types import Message

from o11y.http.slack_actions import ACTIONS_PATH, MAX_BODY_BYTES, SlackActions
from o11y.http.slack_signature import SlackSignature
from o11y.worker.ports import MemoryLost
from o11y.worker.ports.responses import ACKNOWLEDGE, SILENCES, Response, Taken
from o11y.worker.ports.silences import TooManySilences
from tests.builders import NOW
from tests.http.ingest_house import Reply
from tests.slack_press import SIGNING_SECRET, form, payload, signed

ACK = {"action_id": ACKNOWLEDGE, "value": "i-1", "type": "button"}
SENT_AT = NOW.timestamp()


class FakeResponses:
    """A ``Responses`` that answers as told, or raises, or takes for ever."""

    def __init__(self, taken: Taken = Taken.DONE, *, fail: Exception | None = None, hang: bool = False) -> None:
        self.taken = taken
        self.fail = fail
        self.hang = hang
        self.asked: list[tuple[Any, ...]] = []

    async def acknowledge(self, incident_id: str, *, by: str) -> Response:
        return await self._answer("acknowledge", incident_id, by)

    async def silence(self, incident_id: str, *, by: str, seconds: int | None) -> Response:
        return await self._answer("silence", incident_id, by, seconds)

    async def _answer(self, *asked: Any) -> Response:
        self.asked.append(asked)
        if self.hang:
            await asyncio.Event().wait()
        if self.fail is not None:
            raise self.fail
        return Response(self.taken, "ann", NOW)


class House:
    def __init__(self, responses: FakeResponses | None = None, *, secret: str | None = SIGNING_SECRET) -> None:
        self.responses = responses or FakeResponses()
        self.signature = SlackSignature(secret, clock=lambda: NOW)
        self.observed: list[int] = []
        self.door = SlackActions(self.signature, self.responses, observe=self.observed.append, deadline_s=0.2)

    def send(self, body: bytes, headers: dict[str, str] | None = None, *, method: str = "POST") -> Reply:
        given = signed(body, at=SENT_AT) if headers is None else headers
        scope = {
            "type": "http",
            "method": method,
            "path": ACTIONS_PATH,
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
        }
        parts = [body[i : i + 60_000] for i in range(0, len(body), 60_000)] or [b""]
        arrived = [{"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts]
        sent: list[Message] = []

        async def receive() -> Message:
            return arrived.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.door(scope, receive, send))
        headers_sent = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], headers_sent, b"".join(message["body"] for message in sent[1:]))

    def press(self, *actions: dict[str, Any], **changes: Any) -> Reply:
        content = payload(ACK)
        return self.send(form({**content, "actions": list(actions or (ACK,)), **changes}))


# ---------------------------------------------------------------- who knocks


def test_what_slack_signed_is_taken() -> None:
    house = House()
    reply = house.press()
    assert (reply.status, reply.body) == (200, b"")
    assert house.responses.asked == [("acknowledge", "i-1", "ann")]
    assert house.observed == [200]


BODY = form(payload(ACK))
GOOD = signed(BODY, at=SENT_AT)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": GOOD["X-Slack-Signature"]},
        {"X-Slack-Request-Timestamp": GOOD["X-Slack-Request-Timestamp"]},
        GOOD | {"X-Slack-Signature": ""},
        GOOD | {"X-Slack-Signature": "v0=" + "0" * 64},
        GOOD | {"X-Slack-Signature": "v0=é"},
        GOOD | {"X-Slack-Signature": "x" * 10_000},
        GOOD | {"X-Slack-Request-Timestamp": "now"},
        GOOD | {"X-Slack-Request-Timestamp": "-1"},
        GOOD | {"X-Slack-Request-Timestamp": "9" * 400},
        GOOD | {"X-Slack-Request-Timestamp": "9" * 5_000},
        GOOD | {"X-Slack-Request-Timestamp": "1e400"},
        GOOD | {"X-Slack-Request-Timestamp": "²"},
        signed(BODY, at=SENT_AT - 301),
        signed(BODY, at=SENT_AT + 301),
        signed(BODY, at=SENT_AT, secret="another secret of somebody"),
        signed(BODY + b"&x=y", at=SENT_AT),
    ],
)
def test_what_slack_did_not_sign_just_now_is_a_401(headers: dict[str, str]) -> None:
    house = House()
    reply = house.send(BODY, headers)
    assert (reply.status, reply.json) == (401, {"success": False, "error": "Unauthorized"})
    assert house.responses.asked == []


@pytest.mark.parametrize("skew_s", [-299, 0, 299])
def test_a_signature_is_good_for_five_minutes_in_both_directions(skew_s: int) -> None:
    assert House().send(BODY, signed(BODY, at=SENT_AT + skew_s)).status == 200


def test_a_body_that_is_no_text_is_a_401_whoever_signed_it() -> None:
    body = b"payload=\xff\xfe"
    assert House().send(body, signed(body, at=SENT_AT)).status == 401


def test_who_has_not_signed_is_turned_away_before_the_body_is_read() -> None:
    assert House().send(b"x" * (MAX_BODY_BYTES + 1), {}).status == 401


def test_a_body_beyond_the_limit_is_a_413() -> None:
    body = b"payload=" + b"x" * MAX_BODY_BYTES
    assert House().send(body, signed(body, at=SENT_AT)).status == 413


def test_without_a_signing_secret_there_is_no_door() -> None:
    assert House(secret=None).send(BODY).status == 404
    house = House()
    house.signature.replace(None)
    assert house.send(BODY).status == 404


def test_a_new_signing_secret_is_taken_while_the_door_is_open() -> None:
    house = House()
    house.signature.replace("the next secret of the app")
    assert house.send(BODY).status == 401
    assert house.send(BODY, signed(BODY, at=SENT_AT, secret="the next secret of the app")).status == 200


def test_the_signing_secret_is_in_no_repr() -> None:
    house = House()
    assert SIGNING_SECRET not in repr(house.signature) + repr(house.door) + str(vars(house.door))


def test_another_method_is_a_405() -> None:
    assert House().send(b"", method="GET").status == 405


# ---------------------------------------------------------------- what it brings


@pytest.mark.parametrize(("action_id", "seconds"), SILENCES.items())
def test_each_silence_lasts_as_long_as_its_button_says(action_id: str, seconds: int | None) -> None:
    house = House()
    assert house.press({**ACK, "action_id": action_id}).status == 200
    assert house.responses.asked == [("silence", "i-1", "ann", seconds)]


@pytest.mark.parametrize(
    "action", [{"action_id": "o11y_dashboard", "type": "button"}, {"action_id": "x", "value": 5}, {}, {"action_id": 7}]
)
def test_buttons_that_are_nobodys_are_taken_and_ignored(action: dict[str, Any]) -> None:
    house = House()
    assert house.press(action).status == 200
    assert house.responses.asked == []


@pytest.mark.parametrize("kind", ["view_submission", "message_action", "shortcut", None])
def test_other_interactions_are_taken_and_ignored(kind: str | None) -> None:
    house = House()
    assert house.send(form({"type": kind})).status == 200
    assert house.responses.asked == []


MALFORMED = [
    b"",
    b"payload",
    b"payload=",
    b"x=y",
    b"payload=%7B%7D&payload=%7B%7D",
    b"&".join(b"a=b" for _ in range(100)),
    form("{"),
    form("[]"),
    form("5"),
    form("[" * 60_000),
    form({"type": "block_actions"}),
    form({"type": "block_actions", "actions": {}}),
    form({"type": "block_actions", "actions": [5]}),
    form({"type": "block_actions", "actions": [ACK]}),
    form({"type": "block_actions", "actions": [ACK], "user": []}),
    form({"type": "block_actions", "actions": [ACK], "user": {"name": "\u202e \n"}}),
    form({**payload(ACK), "actions": [{**ACK, "value": ""}]}),
    form({**payload(ACK), "actions": [{**ACK, "value": None}]}),
    form({**payload(ACK), "actions": [{**ACK, "value": "x" * 201}]}),
]


@pytest.mark.parametrize("body", MALFORMED)
def test_what_slack_would_never_send_is_a_400_with_a_reason(body: bytes) -> None:
    house = House()
    reply = house.send(body)
    assert reply.status == 400
    assert reply.json["issues"][0]["message"]
    assert house.responses.asked == []


@pytest.mark.parametrize(
    ("user", "by"),
    [
        ({"id": "U1", "name": "ann", "username": "ann.b"}, "ann"),
        ({"id": "U1", "username": "ann.b"}, "ann.b"),
        ({"id": "U1", "name": "\u202e\n"}, "U1"),
        ({"id": "U1", "name": "an\nn\u202e  b"}, "an n b"),
        ({"id": "U1", "name": "x" * 500}, "x" * 80),
        ({"id": "U1", "name": "<!channel>"}, "<!channel>"),
        ({"id": "U1", "name": "\ud800"}, "U1"),
    ],
)
def test_who_pressed_is_named_by_what_can_be_printed(user: dict[str, Any], by: str) -> None:
    house = House()
    assert house.press(user=user).status == 200
    assert house.responses.asked == [("acknowledge", "i-1", by)]


# ---------------------------------------------------------------- what Slack is told


@pytest.mark.parametrize("taken", [Taken.DONE, Taken.ALREADY, Taken.OVER])
def test_what_holds_is_a_200(taken: Taken) -> None:
    assert House(FakeResponses(taken)).press().status == 200


def test_an_incident_that_is_gone_is_a_warning_beside_the_button() -> None:
    assert House(FakeResponses(Taken.UNKNOWN)).press().status == 404


@pytest.mark.parametrize(
    ("responses", "status"),
    [
        (FakeResponses(fail=MemoryLost("away")), 503),
        (FakeResponses(fail=TooManySilences()), 409),
        (FakeResponses(hang=True), 503),
    ],
)
def test_what_could_not_be_kept_is_never_said_to_be(
    responses: FakeResponses, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    reply = House(responses).press()
    assert reply.status == status
    assert reply.json["success"] is False
    assert [record.levelname for record in caplog.records if record.name == "o11y.http.slack_actions"] == ["WARNING"]


def test_every_press_is_logged_with_who_and_what_became_of_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="o11y.http.slack_actions")
    House().press()
    (record,) = caplog.records
    told = record.__dict__
    assert (told["action"], told["incident"], told["by"], told["taken"]) == (ACKNOWLEDGE, "i-1", "ann", "done")


def test_two_buttons_in_one_form_are_both_pressed() -> None:
    house = House()
    assert house.press(ACK, {**ACK, "action_id": "o11y_silence_1h"}).status == 200
    assert [asked[0] for asked in house.responses.asked] == ["acknowledge", "silence"]


def test_a_client_that_went_away_is_left_alone() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError("nobody is there")

    headers = [(name.lower().encode(), value.encode()) for name, value in GOOD.items()]
    scope = {"type": "http", "method": "POST", "path": ACTIONS_PATH, "headers": headers}
    asyncio.run(House().door(scope, receive, send))
