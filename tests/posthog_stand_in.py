"""PostHog's capture endpoint on a real socket: keeps what arrives, and fails on command."""

import gzip
import json
import threading
from typing import Any

from tests.http_stand_in import Answer, HttpStandIn, Request

TAKEN = Answer(body=b'{"status": 1}', headers={"Content-Type": "application/json"})
AWAY = Answer(503, b"{}")
HANG = Answer(hang=True)


class PostHogStandIn(HttpStandIn):
    """``failures`` are given in turn; ``largest_batch`` answers 413 to more events at once.

    ``standing`` answers everything until it is taken away.
    """

    def __init__(self, *failures: Answer, largest_batch: int | None = None) -> None:
        super().__init__(self._take)
        self.failures = list(failures)
        self.standing: Answer | None = None
        self.largest_batch = largest_batch
        self.batches: list[dict[str, Any]] = []
        self._news = threading.Condition()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for batch in self.batches for event in batch["batch"]]

    def wait_for(self, events: int) -> list[dict[str, Any]]:
        """The events that have arrived once there are that many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.events) >= events, timeout=20), self.events
            return self.events

    def _take(self, request: Request) -> Answer:
        if self.standing is not None:
            return self.standing
        if self.failures:
            return self.failures.pop(0)
        if request.path != "/batch/":
            return Answer(404, b"{}")
        body = request.body
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        batch = json.loads(body)
        if self.largest_batch is not None and len(batch["batch"]) > self.largest_batch:
            return Answer(413, b"{}")
        with self._news:
            self.batches.append(batch)
            self._news.notify_all()
        return TAKEN
