"""JSON text of events: one fast parser, and a slow one that finds out what was wrong."""

import json
from typing import NoReturn

from pydantic_core import from_json

#: levels of nesting that the parser follows
MAX_DEPTH = 200


class NotJson(ValueError):
    """The text is not JSON; the message says why and never quotes it."""


def decode(raw: bytes | bytearray) -> object:
    """The value of a JSON text. As with ``JSON.parse`` the last of two equal keys wins. Raises ``NotJson``."""
    try:
        return from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        if "recursion limit" in str(error):
            raise NotJson(f"is nested deeper than {MAX_DEPTH} levels") from None
    return _decode_slowly(bytes(raw))


def _decode_slowly(raw: bytes) -> object:
    """What the fast parser refuses and JSON allows (lone surrogates, endless integers) is for the schema to judge."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raise NotJson("starts with a byte order mark; send plain UTF-8")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"is not valid UTF-8 at byte {error.start}") from None
    if not text.strip(" \t\r\n"):
        raise NotJson("is empty")
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_integer)
    except NotJson:
        raise
    except RecursionError:
        raise NotJson(f"is nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"is not valid JSON at line {error.lineno}, column {error.colno}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"is not valid JSON: it holds {name}")


def _integer(digits: str) -> int | float:
    """As a double where no 64-bit column could hold it: int() is quadratic and refuses thousands of digits."""
    return int(digits) if len(digits) < 32 else float(digits)
