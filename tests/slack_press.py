"""Slack's part when a human presses a button: a signed form to the app's own address.

https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.slack_limits import buttons
from tests.slack_workspace import Posted

SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ACTIONS = "/slack/actions"
#: what Slack waits before it warns the one who pressed
PATIENCE_S = 3


@dataclass(frozen=True)
class Seen:
    """What the human sees: a warning beside the button, or nothing."""

    status: int
    body: bytes

    @property
    def warning(self) -> str | None:
        return None if self.status == 200 else f"This app responded with Status Code {self.status}"


def press(
    app_url: str, posted: Posted, action_id: str, *, user: str = "ann", at: float | None = None, resent: int = 0
) -> Seen:
    """Press a button of the message as it is now; ``resent``: Slack sends the very same once more so many times."""
    found = [button for button in buttons(posted.now) if button["action_id"] == action_id]
    assert len(found) == 1, f"{len(found)} buttons {action_id} below: {posted.text}"
    body = form(payload(found[0], posted, user=user))
    headers = signed(body, at=at)
    for number in range(resent):
        send(app_url, body, {**headers, "X-Slack-Retry-Num": str(number + 1), "X-Slack-Retry-Reason": "http_timeout"})
    return send(app_url, body, headers)


def payload(button: Mapping[str, Any], posted: Posted | None = None, *, user: str = "ann") -> dict[str, Any]:
    """As Slack sends it, with what we do not look at."""
    place = {"channel_id": "C0", "message_ts": "1.0"}
    if posted is not None:
        place = {"channel_id": posted.channel, "message_ts": posted.ts}
    return {
        "type": "block_actions",
        "user": {"id": "U0ANN", "username": user, "name": user, "team_id": "T0"},
        "api_app_id": "A0",
        "token": "deprecated-verification-token",
        "container": {"type": "message", "is_ephemeral": False, **place},
        "trigger_id": "1.2.3",
        "team": {"id": "T0", "domain": "example"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": place["channel_id"], "name": "pages"},
        "message": {} if posted is None else {"type": "message", "ts": posted.ts, **posted.now},
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T0/1/x",
        "actions": [{**button, "block_id": "b1", "action_ts": "1795000000.000001"}],
    }


def form(content: object) -> bytes:
    return urlencode({"payload": content if isinstance(content, str) else json.dumps(content)}).encode()


def signed(body: bytes, *, secret: str = SIGNING_SECRET, at: float | None = None) -> dict[str, str]:
    """``at`` is in Unix seconds, now unless it is given."""
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }


def send(app_url: str, body: bytes, headers: Mapping[str, str]) -> Seen:
    connection = http.client.HTTPConnection(urlsplit(app_url).netloc, timeout=PATIENCE_S)
    try:
        connection.request("POST", ACTIONS, body, dict(headers))
        response = connection.getresponse()
        return Seen(response.status, response.read())
    finally:
        connection.close()
