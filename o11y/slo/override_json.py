"""The values of an override as JSON text and back, exactly: numbers that are not whole are kept as text."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from o11y.slo.override import Values

_EXACT = ("target", "confidence")
_KINDS = {"enabled": bool, "page_eligible": bool, "threshold_ms": int, "min_requests": int}


def shown(values: Values) -> dict[str, Any]:
    """The values that are given, in the types that JSON has."""
    return {name: f"{value:f}" if name in _EXACT else value for name, value in values.given.items()}


def dumps(values: Values | None) -> str:
    """``""`` where there is no override."""
    return "" if values is None else json.dumps(shown(values), separators=(",", ":"))


def loads(text: str) -> Values | None:
    """What ``dumps`` wrote. A value that this version does not know is ignored. ``ValueError`` when it is not one."""
    if not text:
        return None
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise TypeError("no object")
        read: dict[str, Any] = {name: Decimal(given[name]) for name in _EXACT if name in given}
    except (InvalidOperation, TypeError) as error:
        raise ValueError(f"not the values of an override: {type(error).__name__}") from error
    for name, kind in _KINDS.items():
        if name in given:
            if type(given[name]) is not kind:
                raise ValueError(f"not the values of an override: {name} is no {kind.__name__}")
            read[name] = given[name]
    return Values(**read)
