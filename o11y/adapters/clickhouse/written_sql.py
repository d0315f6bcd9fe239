"""A statement with its parameters written in, for people who want to run it themselves."""

import re
from collections.abc import Mapping
from typing import Any

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*):([^{}]+)\}")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\b": "\\b", "\f": "\\f"}
_SPECIAL = re.compile(r"[\\'\x00-\x1f\x7f]")
_DATE_TIME = re.compile(r"DateTime\('UTC'\)")
_DATE_TIME_64 = re.compile(r"DateTime64\((\d), *'UTC'\)")


def written_in(sql: str, parameters: Mapping[str, Any]) -> str:
    """``sql`` with a literal for each ``{name:Type}``. One pass: braces inside of a value stay text.

    Raises ``KeyError`` for a parameter without a value, ``ValueError`` for a type that is not known here.
    """
    return _PARAMETER.sub(lambda found: _literal(parameters[found[1]], found[2]), sql)


def _literal(value: Any, type_name: str) -> str:
    if type_name == "String":
        return _quoted(str(value))
    if _DATE_TIME.fullmatch(type_name):
        return f"toDateTime({_quoted(str(value))}, 'UTC')"
    if found := _DATE_TIME_64.fullmatch(type_name):
        return f"toDateTime64({_quoted(str(value))}, {found[1]}, 'UTC')"
    if re.fullmatch(r"U?Int\d+", type_name):
        return str(int(value))
    raise ValueError(f"{type_name} has no literal here; String, DateTime, DateTime64 and integers have")


def _quoted(text: str) -> str:
    """Control characters as escapes, so that what is copied is what was meant."""
    return "'" + _SPECIAL.sub(lambda found: _ESCAPES.get(found[0]) or f"\\x{ord(found[0]):02x}", text) + "'"
