"""The door for buttons behind real servers, pressed as Slack presses them."""

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from o11y.http.servers import listen, serve
from o11y.http.service import service
from o11y.http.slack_actions import ACTIONS_PATH, SlackActions
from o11y.http.slack_signature import SlackSignature
from o11y.worker.ports.responses import ACKNOWLEDGE, Taken
from tests.builders import NOW
from tests.http.test_slack_actions import FakeResponses
from tests.slack_press import SIGNING_SECRET, Seen, form, payload, press, send, signed
from tests.slack_workspace import PAGES, Posted

ROOT = Posted(
    PAGES,
    "1795000000.000001",
    [{"text": "x", "blocks": [{"type": "actions", "elements": [{"action_id": ACKNOWLEDGE, "value": "i-1"}]}]}],
)


async def _ready() -> dict[str, str | None]:
    return {}


def seen(responses: FakeResponses, server: str, act: Callable[[str], Seen]) -> Seen:
    """What the one who presses sees; ``act`` gets the address of the app."""

    async def run() -> Seen:
        signature = SlackSignature(SIGNING_SECRET, clock=lambda: NOW)
        door = SlackActions(signature, responses, deadline_s=0.3)
        app = service({ACTIONS_PATH: door}, readiness=_ready, registry=CollectorRegistry())
        listener, stop = listen("127.0.0.1", 0), asyncio.Event()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving = asyncio.create_task(serve(app, listener, stop=stop, server=server))
        try:
            return await asyncio.to_thread(act, url)
        finally:
            stop.set()
            await serving

    return asyncio.run(run())


@pytest.fixture(params=["hypercorn", "uvicorn"])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_press_is_taken_without_a_warning(server: str) -> None:
    responses = FakeResponses()
    assert seen(responses, server, lambda url: press(url, ROOT, ACKNOWLEDGE, at=NOW.timestamp())).warning is None
    assert responses.asked == [("acknowledge", "i-1", "ann")]


def test_a_press_sent_twice_is_a_press_each_time(server: str) -> None:
    responses = FakeResponses(Taken.ALREADY)
    twice = seen(responses, server, lambda url: press(url, ROOT, ACKNOWLEDGE, at=NOW.timestamp(), resent=1))
    assert twice.warning is None
    assert len(responses.asked) == 2


def test_what_is_not_kept_in_time_is_a_warning_before_slack_gives_up(server: str) -> None:
    late = seen(FakeResponses(hang=True), server, lambda url: press(url, ROOT, ACKNOWLEDGE, at=NOW.timestamp()))
    assert late.warning == "This app responded with Status Code 503"


def test_a_stranger_is_turned_away(server: str) -> None:
    body = form(payload({"action_id": ACKNOWLEDGE, "value": "i-1"}))
    forged = signed(body, secret="a secret that is not the app's", at=NOW.timestamp())
    responses = FakeResponses()
    assert seen(responses, server, lambda url: send(url, body, forged)).status == 401
    assert responses.asked == []
