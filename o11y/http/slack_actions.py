"""``POST /slack/actions``: a button was pressed under one of our messages.

Slack waits three seconds. What it is answered decides what the human sees: after a 200 nothing, until the message
itself is brought up to date; after anything else a warning beside the button. So a 200 is given only for what holds.
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload/
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from o11y.event_json import NotJson, decode
from o11y.http.body import Room, Share, read_body
from o11y.http.ingest_answer import METHOD_NOT_ALLOWED, NOT_FOUND, Answer, ClientGone, Refused, failure, not_a_body
from o11y.http.slack_signature import SlackSignature
from o11y.worker.ports import MemoryLost
from o11y.worker.ports.responses import ACKNOWLEDGE, SILENCES, Response, Responses, Taken
from o11y.worker.ports.silences import TooManySilences

log = logging.getLogger(__name__)

ACTIONS_PATH = "/slack/actions"

#: of what the press sets off; a second is left for the way
DEADLINE_S = 2.0
MAX_BODY_BYTES = 256 * 1024
_MAX_BYTES_UNDER_WAY = 16 * MAX_BODY_BYTES
_READ_TIMEOUT_S = 3.0
_MAX_FIELDS = 20
_LONGEST_ID = 200
_LONGEST_NAME = 80

_TAKEN = Answer(200, b"", [(b"content-length", b"0")])
_UNAUTHORIZED = failure(401, "Unauthorized")
_UNKNOWN = failure(404, "There is no such incident any more")
_AWAY = failure(503, "It could not be kept at the moment; press it again")
_TOO_MANY = failure(409, "There are too many silences; end some first")


@dataclass(frozen=True, slots=True)
class _Press:
    action_id: str
    incident_id: str
    by: str


class SlackActions:
    """The door. ``observe`` is told the status of every answer."""

    def __init__(
        self,
        signature: SlackSignature,
        responses: Responses,
        *,
        observe: Callable[[int], None] = lambda status: None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._signature = signature
        self._responses = responses
        self._observe = observe
        self._deadline_s = deadline_s
        self._room = Room(_MAX_BYTES_UNDER_WAY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._room.share() as share:
                answer = await self._answer(scope, receive, share)
        except Refused as refused:
            answer = refused.answer
        except ClientGone:
            return
        await answer.send(send)
        self._observe(answer.status)

    async def _answer(self, scope: Scope, receive: Receive, share: Share) -> Answer:
        if not self._signature.expected:
            return NOT_FOUND
        if scope["method"] != "POST":
            return METHOD_NOT_ALLOWED
        headers = dict(scope["headers"])
        if not self._signature.signs(headers):
            return _UNAUTHORIZED
        body = await read_body(headers, receive, share=share, max_bytes=MAX_BODY_BYTES, read_timeout_s=_READ_TIMEOUT_S)
        if not self._signature.is_valid(headers, body):
            return _UNAUTHORIZED
        try:
            presses = list(_presses(_payload(body)))
        except ValueError as error:  # never quotes the body
            return not_a_body(str(error))
        return await self._take(presses)

    async def _take(self, presses: list[_Press]) -> Answer:
        try:
            async with asyncio.timeout(self._deadline_s):
                taken = [await self._respond(press) for press in presses]
        except TimeoutError:
            log.warning("a button was not answered in time", extra={"deadline_s": self._deadline_s})
            return _AWAY
        except MemoryLost as error:
            log.warning("a button was not answered", extra={"error": str(error)})
            return _AWAY
        except TooManySilences as error:
            log.warning("a button was not answered", extra={"error": str(error)})
            return _TOO_MANY
        return _UNKNOWN if Taken.UNKNOWN in taken else _TAKEN

    async def _respond(self, press: _Press) -> Taken:
        response: Response
        if press.action_id == ACKNOWLEDGE:
            response = await self._responses.acknowledge(press.incident_id, by=press.by)
        else:
            seconds = SILENCES[press.action_id]
            response = await self._responses.silence(press.incident_id, by=press.by, seconds=seconds)
        told = {"action": press.action_id, "incident": press.incident_id, "by": press.by}
        log.info("button pressed", extra=told | {"taken": response.taken.value, "first": response.by})
        return response.taken


def _payload(body: bytes) -> Mapping[str, Any]:
    """Raises ``ValueError`` with words about it."""
    try:
        given = parse_qs(body.decode(), max_num_fields=_MAX_FIELDS).get("payload", [])
    except ValueError:
        given = []
    if len(given) != 1:
        raise ValueError("must be a form with one field named payload")
    try:
        payload = decode(given[0].encode("utf-8", "surrogatepass"))
    except NotJson as error:
        raise ValueError(f"payload {error}") from None
    if not isinstance(payload, dict):
        raise ValueError("payload must be a JSON object")
    return payload


def _presses(payload: Mapping[str, Any]) -> Iterator[_Press]:
    """Those of our buttons; others (a link's button is one) are for nobody. Raises ``ValueError``."""
    if payload.get("type") != "block_actions":
        return
    actions = payload.get("actions")
    if not isinstance(actions, list) or not all(isinstance(action, dict) for action in actions):
        raise ValueError("payload.actions must be a list of objects")
    for action in actions:
        action_id = action.get("action_id")
        if not isinstance(action_id, str) or (action_id != ACKNOWLEDGE and action_id not in SILENCES):
            continue
        value = action.get("value")
        if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_ID:
            raise ValueError("payload.actions[].value must be the id of an incident")
        yield _Press(action_id, value, _who(payload.get("user")))


def _who(user: object) -> str:
    """The name that others know them by, or their id. Raises ``ValueError``."""
    found = user if isinstance(user, dict) else {}
    for field in ("name", "username", "id"):
        name = found.get(field)
        if isinstance(name, str) and (shown := _printable(name)):
            return shown
    raise ValueError("payload.user must be of the one who pressed the button")


def _printable(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name[: 4 * _LONGEST_NAME]).split())[:_LONGEST_NAME]
