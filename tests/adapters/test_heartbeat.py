"""The heartbeat URL on a real socket."""

import asyncio
import traceback

import pytest

from o11y.adapters.heartbeat import HeartbeatUrl
from o11y.worker.ports import HeartbeatError
from tests.http_stand_in import Answer, HttpStandIn, Request, closed_url

TOKEN = "t0ken-of-the-tests"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def beat(url: str, *, timeout_s: float = 20) -> None:
    asyncio.run(HeartbeatUrl(f"{url}/{TOKEN}?rid=1", timeout_s=timeout_s).beat())


def failure(url: str, *, timeout_s: float = 20) -> str:
    """What is said, with the whole traceback as a log would show it."""
    with pytest.raises(HeartbeatError) as caught:
        beat(url, timeout_s=timeout_s)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_a_beat_is_a_get_of_the_url_as_it_is_set() -> None:
    with HttpStandIn(lambda _: Answer(200, b"OK")) as switch:
        beat(switch.url)
        (request,) = switch.requests
    assert (request.method, request.path) == ("GET", f"/{TOKEN}?rid=1")
    assert request.headers["user-agent"].startswith("o11y/")


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
def test_any_other_answer_is_a_failure_with_its_status(status: int) -> None:
    with HttpStandIn(lambda _: Answer(status, TOKEN.encode())) as switch:
        assert failure(switch.url) == f"answered {status}"


def test_a_redirect_is_followed_on_the_same_host() -> None:
    def answer(request: Request) -> Answer:
        moved = Answer(302, headers={"Location": "/moved"})
        return Answer() if request.path == "/moved" else moved

    with HttpStandIn(answer) as switch:
        beat(switch.url)
        assert [request.path for request in switch.requests] == [f"/{TOKEN}?rid=1", "/moved"]


def test_a_redirect_to_another_host_is_not_followed() -> None:
    with HttpStandIn(lambda _: Answer()) as other:
        moved = Answer(302, headers={"Location": f"{other.url}/{TOKEN}"})
        with HttpStandIn(lambda _: moved) as switch:
            assert failure(switch.url) == "answered 302"
        assert other.requests == []


def test_a_switch_that_hangs_is_given_up() -> None:
    with HttpStandIn(lambda _: Answer(hang=True)) as switch:
        assert "no answer" in failure(switch.url, timeout_s=0.2)


def test_nobody_there_and_a_connection_cut_are_failures_in_words() -> None:
    assert failure(closed_url()) == "Connection refused"
    with HttpStandIn(lambda _: Answer(cut=True)) as switch:
        assert failure(switch.url) == "RemoteDisconnected"


@pytest.mark.parametrize("url", ["ftp://host/x", "host/x", "https://:80/x", "https://user:pass@host/x"])
def test_what_is_not_a_url_that_can_be_called_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ValueError, match="is accepted") as refused:
        HeartbeatUrl(url)
    assert url not in str(refused.value)


def test_its_repr_shows_nothing() -> None:
    assert TOKEN not in repr(HeartbeatUrl(f"https://host/{TOKEN}"))
