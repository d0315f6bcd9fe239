"""Silences as JSON: how they are kept, and how the API and ``--json`` show them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from o11y.alerting.matcher import matcher
from o11y.alerting.record import rfc3339
from o11y.alerting.silence import Silence


def shown(silence: Silence, at: datetime) -> dict[str, Any]:
    """With its state at ``at``."""
    return {**_fields(silence, rfc3339), "state": silence.state(at).value}


def dumps(silence: Silence) -> str:
    return json.dumps(_fields(silence, datetime.isoformat), separators=(",", ":"), ensure_ascii=False)


def loads(text: str) -> Silence:
    """``ValueError`` when it is none, or one that this version cannot read."""
    value = json.loads(text)
    try:
        return Silence(
            silence_id=value["id"],
            matchers=tuple(matcher(m["label"], m["operator"], m["value"]) for m in value["matchers"]),
            starts_at=datetime.fromisoformat(value["startsAt"]),
            ends_at=datetime.fromisoformat(value["endsAt"]),
            author=value["author"],
            comment=value["comment"],
            created_at=datetime.fromisoformat(value["createdAt"]),
            incident_id=value.get("incidentId"),
            expired_at=datetime.fromisoformat(value["expiredAt"]) if value.get("expiredAt") else None,
            expired_by=value.get("expiredBy"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a silence: {type(error).__name__}: {error}") from error


def _fields(silence: Silence, written: Callable[[datetime], str]) -> dict[str, Any]:
    return {
        "id": silence.silence_id,
        "matchers": [
            {"label": m.label.value, "operator": m.operator.value, "value": m.value} for m in silence.matchers
        ],
        "startsAt": written(silence.starts_at),
        "endsAt": written(silence.ends_at),
        "author": silence.author,
        "comment": silence.comment,
        "createdAt": written(silence.created_at),
        "incidentId": silence.incident_id,
        "expiredAt": written(silence.expired_at) if silence.expired_at else None,
        "expiredBy": silence.expired_by,
    }
