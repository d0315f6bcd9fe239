"""Rows of ``api_events`` as the spool ships them."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from o11y.worker.ports import BatchKind, SpoolBatch


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_row(at: datetime, **changes: Any) -> dict[str, Any]:
    """A successful streaming request that completed at ``at``."""
    return {
        "event_id": str(uuid4()),
        "event_time": iso(at),
        "received_at": iso(at),
        "client_name": "gateway",
        "kilo_user_id": "user-1",
        "organization_id": "",
        "mode": "code",
        "is_anonymous": False,
        "is_streaming": True,
        "user_byok": False,
        "provider": "vendor",
        "requested_model": "Vendor/Model",
        "resolved_model": "vendor/model",
        "model_variant": "",
        "inference_provider": "datacentre",
        "tools_available": ["read", "write"],
        "tools_used": [],
        "ttfb_ms": 300,
        "complete_request_ms": 2_000,
        "status_code": 200,
        "input_tokens": 12,
        **changes,
    }


def history_row(at: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "at": iso(at),
        "recorded_at": iso(at),
        "transition": "notified",
        "key": "0" * 32,
        "severity": "page",
        "objective": "error-rate",
        "indicator": "error_rate",
        "scope": "model",
        "client": "gateway",
        "provider": "vendor",
        "model": "vendor/model",
        "long_window_s": 300,
        "short_window_s": 60,
        "burn_rate_threshold": 14.4,
        "burn_rate_long": 500.0,
        "burn_rate_short": 500.0,
        "valid": 100,
        "bad": 50,
        "short_valid": 20,
        "short_bad": 10,
        "reason": "",
        "notification_id": "n-1",
        "incident_id": "i-1",
        **changes,
    }


def batch(rows: list[dict[str, Any]], batch_id: str = "batch-1", kind: BatchKind = BatchKind.EVENTS) -> SpoolBatch:
    lines = [json.dumps({**row, "spool_batch": batch_id}, ensure_ascii=False).encode() for row in rows]
    column = "event_time" if kind is BatchKind.EVENTS else "at"
    oldest = min(datetime.fromisoformat(row[column]) for row in rows)
    return SpoolBatch(batch_id, kind, b"".join(line + b"\n" for line in lines), len(rows), None, oldest)
