"""Slack on a real socket: its incoming webhook and its Web API. Refuses what Slack documents as refused, and fails on
command; presses the buttons of what it was sent.
"""

import json
from collections import defaultdict
from typing import Any

from tests.http_stand_in import Answer, HttpStandIn, Request
from tests.slack_limits import problems_of
from tests.slack_workspace import PAGES, TICKETS, TOKEN, Workspace

__all__ = ["PAGES", "PATH", "TICKETS", "TOKEN", "SlackStandIn", "problems_of"]

PATH = "/services/T000/B000/s3cretS3cret"
API = "/api/"

OK = Answer(body=b"ok", headers={"Content-Type": "text/html"})
NO_SERVICE = Answer(404, b"no_service")
INVALID_TOKEN = Answer(403, b"invalid_token")
ARCHIVED = Answer(410, b"channel_is_archived")
INVALID_PAYLOAD = Answer(400, b"invalid_payload")
SERVER_ERROR = Answer(500, b"rollup_error")
CUT = Answer(cut=True)
HANG = Answer(hang=True)


def rate_limited(retry_after: str | None = None) -> Answer:
    return Answer(429, b"rate_limited", {} if retry_after is None else {"Retry-After": retry_after})


def refused(word: str) -> Answer:
    """The Web API's no."""
    return _json(200, {"ok": False, "error": word})


def slowed(retry_after: str | None = None) -> Answer:
    """The Web API's 429."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return _json(429, {"ok": False, "error": "ratelimited"}, headers)


class SlackStandIn(HttpStandIn):
    """``failures`` are given in turn, before the judgement of the message, and ``failing`` those of one method of the
    Web API. A message whose connection is ``CUT`` was delivered.

    ``messages`` are those that the webhook delivered, ``workspace`` has those of the Web API.
    """

    def __init__(self, *failures: Answer) -> None:
        super().__init__(self._judge)
        self.failures = list(failures)
        self.failing: defaultdict[str, list[Answer]] = defaultdict(list)
        self.messages: list[dict[str, Any]] = []
        self.workspace = Workspace()
        self._refusals: list[str] = []

    @property
    def webhook_url(self) -> str:
        return self.url + PATH

    @property
    def api_url(self) -> str:
        """What ``O11Y_SLACK_BASE_URL`` is for."""
        return self.url + API

    @property
    def refusals(self) -> list[str]:
        return [*self._refusals, *self.workspace.refusals]

    @property
    def calls(self) -> list[str]:
        """The methods of the Web API that were called, in order."""
        return [request.path.removeprefix(API) for request in self.requests if request.path.startswith(API)]

    def _judge(self, request: Request) -> Answer:
        method = request.path.removeprefix(API) if request.path.startswith(API) else None
        waiting = self.failures or (self.failing[method] if method is not None else [])
        failure = waiting.pop(0) if waiting else None
        if failure is not None and not failure.cut:
            return failure
        answer = self._taken(request) if method is None else self._called(method, request)
        return failure or answer

    def _taken(self, request: Request) -> Answer:
        if request.method != "POST" or request.path != PATH:
            return NO_SERVICE
        if problems := list(problems_of(request.body)):
            self._refusals.extend(problems)
            return INVALID_PAYLOAD
        self.messages.append(json.loads(request.body))
        return OK

    def _called(self, method: str, request: Request) -> Answer:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return refused("missing_post_type")
        bearer = request.headers.get("authorization", "")
        token = bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else None
        try:
            arguments = json.loads(request.body or b"{}")
        except ValueError:
            return refused("invalid_json")
        return _json(200, self.workspace.call(method, arguments, token))


def _json(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})
