"""Gateways under load: they post, remember what was acknowledged, and send the same id again after a lost answer."""

import http.client
import json
import random
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

from tests.program.program import SECRET
from tests.program.waiting import until
from tests.wire_events import wire_event

_LOST = (OSError, http.client.HTTPException)
_STATUSES = (200, 200, 200, 429, 503, 401, 499, 400, 504)


class Gateway:
    """``threads`` posters, each alternating between single events and batches, until the end of the ``with`` block.

    ``url`` is asked before every attempt, since a restarted program listens elsewhere. ``acknowledged`` holds an id
    only after a 204 or its place among the accepted. An answer that takes longer than ``patience_s`` is a lost one.
    """

    def __init__(
        self,
        url: Callable[[], str],
        *,
        seed: int,
        threads: int = 4,
        batch: int = 25,
        secret: str = SECRET,
        patience_s: float = 10,
    ) -> None:
        self.acknowledged: set[str] = set()
        self.lost_answers = 0
        self.refusals: list[str] = []
        self._url = url
        self._batch = batch
        self._patience_s = patience_s
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._post_all, args=(random.Random(seed * 100 + number),))
            for number in range(threads)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def until_acknowledged(self, more: int) -> None:
        """So many more events."""
        goal = len(self.acknowledged) + more
        until(lambda: len(self.acknowledged) >= goal, f"{more} more events are acknowledged")

    def _post_all(self, dice: random.Random) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop.is_set():
            events = [_event(dice) for _ in range(dice.choice((1, 1, 1, self._batch)))]
            while not self._stop.is_set():
                try:
                    connection = connection or self._connect()
                    self._post(connection, events)
                    break
                except _LOST:
                    connection = self._lose(connection)
        if connection is not None:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self._url()).netloc, timeout=self._patience_s)

    def _post(self, connection: http.client.HTTPConnection, events: list[dict[str, Any]]) -> None:
        single = len(events) == 1
        path = "/ingest/api-metrics" if single else "/ingest/api-metrics/batch"
        connection.request("POST", path, json.dumps(events[0] if single else events), self._headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status == 503:  # shutting down: the same ids again, later
            raise ConnectionError("not stored")
        stored = response.status == 204 if single else json.loads(answer or b"{}").get("accepted") == len(events)
        with self._lock:
            if stored:
                self.acknowledged.update(event["eventId"] for event in events)
            else:
                self.refusals.append(f"{response.status} {answer.decode()[:500]}")

    def _lose(self, connection: http.client.HTTPConnection | None) -> None:
        if connection is not None:
            connection.close()
        with self._lock:
            self.lost_answers += 1
        self._stop.wait(0.02)


def _event(dice: random.Random) -> dict[str, Any]:
    """Several models, some on the user's own key, of every outcome."""
    model = f"vendor/model-{dice.randrange(5)}"
    return wire_event(
        clientSecret=...,
        eventId=str(UUID(int=dice.getrandbits(128), version=4)),
        resolvedModel=model,
        requestedModel=model,
        statusCode=dice.choice(_STATUSES),
        userByok=dice.random() < 0.1,
        ttfbMs=dice.randrange(5_000),
        completeRequestMs=dice.randrange(40_000),
    )
