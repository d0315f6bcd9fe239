import json
from datetime import timedelta

from o11y.events import validate
from o11y.slo.dimension import Dimension
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.event_row import row, stored
from tests.builders import NOW
from tests.wire_events import SECRET, wire_event


def test_a_row_has_the_columns_and_lacks_only_its_closing_brace() -> None:
    event = validate(wire_event(timestamp="2026-11-21T11:59:59.5Z", tokens={"totalTokens": 9}), now=NOW)
    written = row(event, client="gateway", received_at=NOW + timedelta(microseconds=1))
    assert json.loads(written + b"}") == {
        "event_id": str(event.event_id),
        "event_time": "2026-11-21T11:59:59.500Z",
        "received_at": "2026-11-21T12:00:00.000Z",
        "client_name": "gateway",
        "kilo_user_id": "user-1",
        "organization_id": "",
        "mode": "",
        "is_anonymous": False,
        "is_streaming": True,
        "user_byok": False,
        "provider": "openrouter",
        "requested_model": "Vendor/Model:free",
        "resolved_model": "vendor/model",
        "model_variant": "free",
        "inference_provider": "",
        "tools_available": ["read", "write"],
        "tools_used": ["read"],
        "ttfb_ms": 120,
        "complete_request_ms": 900,
        "status_code": 200,
        "total_tokens": 9,
    }


def test_a_row_tells_neither_the_address_nor_the_secret() -> None:
    event = validate(wire_event(ipAddress="192.0.2.77"), now=NOW)
    written = row(event, client="gateway", received_at=NOW)
    assert b"192.0.2.77" not in written
    assert SECRET.encode() not in written


def test_a_row_beyond_the_limit_is_folded_and_keeps_what_was_requested() -> None:
    limit = DimensionLimit(1)
    limit.seed([Dimension("gateway", "openrouter", "known")], now=NOW)
    event = validate(wire_event(), now=NOW)
    kept = stored(event, client="gateway", received_at=NOW, limit=limit)
    columns = json.loads(kept.row + b"}")
    assert (columns["resolved_model"], columns["requested_model"]) == ("other", "Vendor/Model:free")
    assert event.resolved_model == "vendor/model"
    assert limit.folded == {"gateway": 1}
