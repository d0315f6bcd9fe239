"""PostHog: a best-effort copy of every accepted event, as ``o11y_api_metrics``.

The door pays for one append to a bounded queue; everything else happens in one thread: batches through the SDK's own
transport (``posthog.request``). The SDK's clients are left out on purpose. ``AsyncPosthog`` prepares an event in
about 45 us and then makes several tasks and a thread hop of it, all on the event loop that answers the gateway (1 ms
of CPU an event, measured with 7.91), and its transport needs httpx besides.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

import requests
from posthog.request import APIError, batch_post

from o11y import __version__
from o11y.events import AcceptedEvent

log = logging.getLogger(__name__)

EVENT_NAME = "o11y_api_metrics"
QUEUE_LIMIT = 10_000
BATCH_LIMIT = 100
CLOSE_DEADLINE_S = 5.0
_TOO_LARGE = 413


class PostHogSink:
    """Sends batches of at most 100, or what came within ``flush_interval_s``; drops and counts beyond ``queue_limit``.

    ``dropped``: events refused by the full queue or left at the end; ``failed``: given up after the last of
    ``retry_pauses_s``; ``sent``: taken by PostHog.
    """

    def __init__(
        self,
        api_key: str,
        *,
        host: str,
        queue_limit: int = QUEUE_LIMIT,
        flush_interval_s: float = 1.0,
        timeout_s: float = 10.0,
        retry_pauses_s: Sequence[float] = (1.0, 5.0),
        gzip: bool = True,
        close_deadline_s: float = CLOSE_DEADLINE_S,
    ) -> None:
        self.sent = self.failed = self.dropped = 0
        self._api_key = api_key
        self._host = host
        self._queue: deque[tuple[str, AcceptedEvent]] = deque()
        self._queue_limit = queue_limit
        self._flush_interval_s = flush_interval_s
        self._timeout_s = timeout_s
        self._retry_pauses_s = retry_pauses_s
        self._gzip = gzip
        self._close_deadline_s = close_deadline_s
        # At debug level the SDK logs whole bodies, IP addresses included.
        logging.getLogger("posthog").setLevel(logging.WARNING)
        self._session = requests.Session()
        self._full_batch = threading.Event()
        self._closing = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="posthog", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"PostHogSink(host={self._host!r})"

    def capture(self, client: str, event: AcceptedEvent) -> None:
        """Queue it, or drop and count it. Never blocks, never raises."""
        if len(self._queue) >= self._queue_limit or self._closing.is_set():
            self.dropped += 1
            return
        self._queue.append((client, event))
        if len(self._queue) == BATCH_LIMIT:
            self._full_batch.set()

    async def close(self) -> None:
        """Send what is queued, for ``close_deadline_s`` at most; the rest is dropped and counted."""
        self._closing.set()
        self._full_batch.set()
        await asyncio.to_thread(self._thread.join, self._close_deadline_s)
        left = len(self._queue)
        self._queue.clear()
        self.dropped += left
        if left or self._thread.is_alive():
            log.warning("PostHog was not told of the last events", extra={"events": left})

    def _run(self) -> None:
        while not self._closing.is_set():
            self._full_batch.wait(self._flush_interval_s)
            self._full_batch.clear()
            self._drain()
        self._drain()
        self._session.close()

    def _drain(self) -> None:
        while self._queue:
            taken = [self._queue.popleft() for _ in range(min(BATCH_LIMIT, len(self._queue)))]
            try:
                self._deliver([as_posthog(client, event) for client, event in taken])
            except Exception:  # the thread's edge: a bug in one batch must not end the thread
                self.failed += len(taken)
                log.exception("PostHog batch failed", extra={"events": len(taken)})

    def _deliver(self, batch: list[dict[str, Any]]) -> None:
        for pause_s in (*self._retry_pauses_s, None):
            try:
                self._post(batch)
            except (APIError, requests.RequestException) as error:
                status = error.status if isinstance(error, APIError) else None
                if status == _TOO_LARGE and len(batch) > 1:
                    self._deliver(batch[: len(batch) // 2])
                    self._deliver(batch[len(batch) // 2 :])
                    return
                if pause_s is None or _refused(status):
                    self._give_up(batch, error, status)
                    return
                self._closing.wait(pause_s)
            else:
                self._told(batch)
                return

    def _post(self, batch: list[dict[str, Any]]) -> None:
        batch_post(
            self._api_key, self._host, gzip=self._gzip, timeout=self._timeout_s, session=self._session, batch=batch
        )

    def _told(self, batch: list[dict[str, Any]]) -> None:
        self.sent += len(batch)
        if self._failing:
            self._failing = False
            log.info("PostHog takes events again", extra={"failed": self.failed, "dropped": self.dropped})

    def _give_up(self, batch: list[dict[str, Any]], error: Exception, status: object) -> None:
        self.failed += len(batch)
        if not self._failing:  # once an outage, not once a batch
            self._failing = True
            log.warning("PostHog does not take events", extra={"error": type(error).__name__, "status": status})


def as_posthog(client: str, event: AcceptedEvent) -> dict[str, Any]:
    """The event as PostHog's ``/batch/`` takes it: the wire fields, ``clientName``, and no secret.

    The IP address is ``$ip`` alone, which PostHog's own privacy setting discards; without one PostHog must not place
    the person where this service runs.
    """
    properties = {name: value for name, value in event.fields.items() if name not in ("clientSecret", "ipAddress")}
    properties["clientName"] = client
    properties["$process_person_profile"] = not event.fields["isAnonymous"]
    properties["$lib"] = "o11y"
    properties["$lib_version"] = __version__
    if ip := event.fields.get("ipAddress"):
        properties["$ip"] = ip
    else:
        properties["$geoip_disable"] = True
    return {
        "event": EVENT_NAME,
        "distinct_id": event.fields["kiloUserId"],
        "timestamp": event.event_time.isoformat(),
        "uuid": event.event_id,
        "properties": properties,
    }


def _refused(status: object) -> bool:
    """A 4xx that no retry changes."""
    return isinstance(status, int) and 400 <= status < 500 and status not in (408, 429)
