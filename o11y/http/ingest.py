"""The ingest doors: raw ASGI, because a routing framework would cost more than everything they do."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from starlette.types import Receive, Scope, Send

from o11y.events import (
    AcceptedEvent,
    InvalidEvent,
    TimeRefused,
    checked,
    read,
    read_array,
    settle,
    to_the_millisecond,
)
from o11y.http.bearer import secret_in
from o11y.http.body import Room, Share, check_content_type, read_body
from o11y.http.client_secrets import ClientSecrets
from o11y.http.ingest_answer import (
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    SPOOL_FULL,
    STORED,
    UNAUTHORIZED,
    Answer,
    ClientGone,
    Refused,
    invalid,
    json_answer,
)
from o11y.http.ingest_batch import NDJSON, Rejections, events_of
from o11y.worker.client_clocks import ClientClocks
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.event_row import stored
from o11y.worker.ingest import Ingest
from o11y.worker.ports import Clock, EventSink, SpoolFull, StoredEvent

EVENT_PATH = "/ingest/api-metrics"
BATCH_PATH = "/ingest/api-metrics/batch"

#: events of a batch judged before others get their turn on the event loop
_SLICE = 200
#: events of a batch whose times are compared with their arrival, each for its neighbours too
_TIMES_SEEN = 8
#: the largest array that is judged in one go, while nobody else has a turn: some 15 ms
_MAX_AT_ONCE = 2 * 1024 * 1024


class Answered(NamedTuple):
    """One request as the metrics count it."""

    path: str
    status: int
    accepted: int  # events
    rejected: int


@dataclass(slots=True)
class _Outcome:
    """``kept`` are the accepted events with their clients, for the sink."""

    answer: Answer
    kept: list[tuple[str, AcceptedEvent]] = field(default_factory=list)
    rejected: int = 0


class IngestDoor:
    """``POST /ingest/api-metrics`` and ``POST /ingest/api-metrics/batch``.

    A secret in a header is judged before the body is read, one in the body after the body is valid. An answer of
    204, or an event counted as accepted, is given only when it is durable.
    """

    def __init__(
        self,
        clients: ClientSecrets,
        ingest: Ingest,
        *,
        sink: EventSink,
        limit: DimensionLimit,
        clock: Clock,
        clocks: ClientClocks | None = None,
        observe: Callable[[Answered], None] = lambda answered: None,
        max_body_bytes: int = 256 * 1024,
        max_batch_bytes: int = 16 * 1024 * 1024,
        read_timeout_s: float = 30.0,
        max_bytes_under_way: int = 128 * 1024 * 1024,
    ) -> None:
        self._clients = clients
        self._ingest = ingest
        self._sink = sink
        self._limit = limit
        self._clock = clock
        self._clocks = clocks or ClientClocks()
        self._observe = observe
        self._max_body_bytes = max_body_bytes
        self._max_batch_bytes = max_batch_bytes
        self._read_timeout_s = read_timeout_s
        self._room = Room(max_bytes_under_way)
        self._apart = asyncio.Semaphore(1)
        self._doors = {EVENT_PATH: self._event, BATCH_PATH: self._batch}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._doors.get(scope["path"])
        if door is None:
            await NOT_FOUND.send(send)
            return
        try:
            if scope["method"] != "POST":
                raise Refused(METHOD_NOT_ALLOWED)
            with self._room.share() as share:
                outcome = await door(dict(scope["headers"]), receive, share)
        except Refused as refused:
            outcome = _Outcome(refused.answer, rejected=1)
        except SpoolFull:
            outcome = _Outcome(SPOOL_FULL)
        except ClientGone:
            return
        await outcome.answer.send(send)
        self._observe(Answered(scope["path"], outcome.answer.status, len(outcome.kept), outcome.rejected))
        await self._tell_sink(outcome.kept)

    async def _event(self, headers: Mapping[bytes, bytes], receive: Receive, share: Share) -> _Outcome:
        client = self._authenticate(headers)
        check_content_type(headers.get(b"content-type"), ("application/json",))
        body = await read_body(
            headers, receive, share=share, max_bytes=self._max_body_bytes, read_timeout_s=self._read_timeout_s
        )
        now, secret = to_the_millisecond(self._clock()), ""
        try:
            fields = read(body)
            secret = fields.pop("clientSecret", "")
            event = settle(fields, now=now)
        except InvalidEvent as error:
            if isinstance(error, TimeRefused):
                self._note_refusal(client or self._client_of(secret))
            raise Refused(invalid(error.issues)) from None
        client = client or self._client_of(secret)
        if client is None:
            raise Refused(UNAUTHORIZED)
        await self._ingest.accept([stored(event, client=client, received_at=now, limit=self._limit)])
        if event.event_time is not now:  # it has a time of its own
            self._clocks.saw(client, event.event_time, now=now)
        return _Outcome(STORED, [(client, event)])

    async def _batch(self, headers: Mapping[bytes, bytes], receive: Receive, share: Share) -> _Outcome:
        client = self._authenticate(headers)
        media_type = check_content_type(headers.get(b"content-type"), ("application/json", NDJSON))
        body = await read_body(
            headers, receive, share=share, max_bytes=self._max_batch_bytes, read_timeout_s=self._read_timeout_s
        )
        now = to_the_millisecond(self._clock())
        values: Sequence[object]
        valid = read_array(body) if media_type != NDJSON and len(body) <= _MAX_AT_ONCE else None
        values = valid if valid is not None else await self._taken_apart(body, media_type)
        rejections = Rejections()
        kept: list[tuple[str, AcceptedEvent]] = []
        rows: list[StoredEvent] = []
        for index, value in enumerate(values):
            if index % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            try:
                fields = valid[index] if valid is not None else _fields(value)
                owner, event = self._judge(fields, client, now)
            except InvalidEvent as error:
                rejections.add(index, error.issues)
                continue
            kept.append((owner, event))
            rows.append(stored(event, client=owner, received_at=now, limit=self._limit))
        await self._ingest.accept(rows)
        self._note_times(kept, now)
        answer = json_answer(200, {"accepted": len(kept), "rejected": rejections.listed})
        return _Outcome(answer, kept, len(rejections.listed))

    async def _taken_apart(self, body: bytes, media_type: str) -> Sequence[object]:
        """In a thread: a hostile body may need seconds, and the other requests go on meanwhile. One after the other:
        two at once are no faster, and weigh twice as much.
        """
        async with self._apart:
            return await asyncio.to_thread(events_of, body, media_type)

    def _judge(self, fields: dict[str, Any], client: str | None, now: datetime) -> tuple[str, AcceptedEvent]:
        """The valid fields of one event of a batch; its client is that of the header, or its own."""
        secret = fields.pop("clientSecret", "")
        try:
            event = settle(fields, now=now)
        except TimeRefused:
            self._note_refusal(client or self._client_of(secret))
            raise
        owner = client or self._client_of(secret)
        if owner is None:
            raise InvalidEvent([{"path": ["clientSecret"], "message": "Unauthorized"}])
        return owner, event

    def _note_refusal(self, client: str | None) -> None:
        """Of an event whose time is too far off; who has no secret is nobody's clock."""
        if client is not None:
            self._clocks.refused(client)

    def _note_times(self, kept: Sequence[tuple[str, AcceptedEvent]], now: datetime) -> None:
        """A few of a batch stand for all of it, so that it costs nothing an event."""
        step = math.ceil(len(kept) / _TIMES_SEEN) or 1
        for index in range(0, len(kept), step):
            client, event = kept[index]
            if event.event_time is not now:
                self._clocks.saw(client, event.event_time, now=now, events=min(step, len(kept) - index))

    def _authenticate(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The client of a secret in a header; ``None`` when there is none. Raises ``Refused`` for a wrong one."""
        secret = secret_in(headers)
        if secret is None:
            return None
        client = self._clients.client_of(secret)
        if client is None:
            raise Refused(UNAUTHORIZED)
        return client

    def _client_of(self, secret: str) -> str | None:
        """The client of the secret in a valid event."""
        return self._clients.client_of(secret.strip().encode())

    async def _tell_sink(self, kept: list[tuple[str, AcceptedEvent]]) -> None:
        for index, (client, event) in enumerate(kept):
            if index % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
            self._sink.capture(client, event)


def _fields(value: object) -> dict[str, Any]:
    """Of one event of a batch, judged alone. Raises ``InvalidEvent``."""
    return read(value) if isinstance(value, bytes) else checked(value)
