"""An accepted event as the row of the raw table that it becomes."""

from datetime import datetime
from functools import lru_cache

import orjson

from o11y.events import AcceptedEvent
from o11y.worker.dimension_limit import OTHER, DimensionLimit
from o11y.worker.ports import StoredEvent

_TOKEN_COLUMNS = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheWriteTokens": "cache_write_tokens",
    "cacheHitTokens": "cache_hit_tokens",
    "totalTokens": "total_tokens",
}


def stored(event: AcceptedEvent, *, client: str, received_at: datetime, limit: DimensionLimit) -> StoredEvent:
    """The event as the spool takes it, folded into ``other`` when its client has opened too many dimensions."""
    names = (event.fields["provider"], event.resolved_model)
    kept = limit.admit(client, names, now=received_at)
    if kept is not names:
        event = event._replace(resolved_model=OTHER, fields={**event.fields, "provider": kept[0]})
    bytes_ = row(event, client=client, received_at=received_at)
    return StoredEvent(client, event.event_id, event.given_id, event.event_time, bytes_)


def row(event: AcceptedEvent, *, client: str, received_at: datetime) -> bytes:
    """The event's JSONEachRow object without its closing brace: the spool adds its batch id and closes it.

    Names are those of the columns. The address of the caller and the client's secret are not among them.
    """
    sent = event.fields
    columns = {
        "event_id": event.event_id,
        "event_time": _iso(event.event_time),
        "received_at": _iso(received_at),
        "client_name": client,
        "kilo_user_id": sent["kiloUserId"],
        "organization_id": sent.get("organizationId", ""),
        "mode": sent.get("mode", ""),
        "is_anonymous": sent["isAnonymous"],
        "is_streaming": sent["isStreaming"],
        "user_byok": sent["userByok"],
        "provider": sent["provider"],
        "requested_model": sent["requestedModel"],
        "resolved_model": event.resolved_model,
        "model_variant": event.model_variant,
        "inference_provider": sent.get("inferenceProvider", ""),
        "tools_available": sent["toolsAvailable"],
        "tools_used": sent["toolsUsed"],
        "ttfb_ms": sent["ttfbMs"],
        "complete_request_ms": sent["completeRequestMs"],
        "status_code": sent["statusCode"],
    }
    if tokens := sent.get("tokens"):
        for name, count in tokens.items():
            columns[_TOKEN_COLUMNS[name]] = count
    return orjson.dumps(columns)[:-1]


@lru_cache(maxsize=256)  # all events of a batch came at one time
def _iso(time: datetime) -> str:
    """Of a UTC time. Text, because a bare number of milliseconds is read as seconds by newer ClickHouse."""
    return time.isoformat(timespec="milliseconds")[:-6] + "Z"
