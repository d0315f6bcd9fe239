"""Notifications as JSON text and back, exactly: Decimals as text, times with their zone, sets in order.

The codec follows the dataclasses' own fields, so a new field with a default is read from older text too, and a
field that this version does not know is ignored. One that takes no part in comparing is no part of the text.
"""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from o11y.alerting.notification import Notice, Notification

_KINDS: dict[str, Any] = {"notification": Notification, "notice": Notice}


def dumps(message: Notification | Notice) -> str:
    """One line of ASCII JSON."""
    kind = "notice" if isinstance(message, Notice) else "notification"
    return json.dumps({"kind": kind, **_plain(message)}, separators=(",", ":"))


def loads(text: str) -> Notification | Notice:
    """The message that ``dumps`` wrote. ``ValueError`` when it is not one."""
    try:
        value = json.loads(text)
        message: Notification | Notice = _reader(_KINDS[value["kind"]])(value)
    except (KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"not a notification: {type(error).__name__}: {error}") from error
    return message


def _plain(value: Any) -> Any:
    """``value`` in the types that JSON has."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.compare}
    match value:
        case Enum():
            return value.value
        case Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case frozenset():
            return sorted(_plain(item) for item in value)
        case tuple():
            return [_plain(item) for item in value]
    return value


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What turns plain JSON into a ``kind``, a type as it is written in a dataclass."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (present,) = [argument for argument in arguments if argument is not NoneType]
        read = _reader(present)
        return lambda value: None if value is None else read(value)
    if origin is frozenset:
        item = _reader(arguments[0])
        return lambda value: frozenset(map(item, value))
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            item = _reader(arguments[0])
            return lambda value: tuple(map(item, value))
        items = [_reader(argument) for argument in arguments]
        return lambda value: tuple(read(part) for read, part in zip(items, value, strict=True))
    if is_dataclass(kind):
        return _dataclass_reader(kind)
    if kind is datetime:
        return datetime.fromisoformat
    return kind if issubclass(kind, (Enum, Decimal)) else _checked(kind)


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind) if field.compare}
    return lambda value: kind(**{name: read(value[name]) for name, read in readers.items() if name in value})


def _checked(kind: type) -> Callable[[Any], Any]:
    """bool, int, float and str are what JSON made of them, or the text is not ours."""

    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{kind.__name__} expected, {type(value).__name__} found")
        return value

    return read
