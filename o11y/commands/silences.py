"""``o11y silence``: through the process that owns the data folder, or on Redis itself when nobody does."""

import asyncio
import getpass
import json
import os
import socket
import sys
from collections.abc import Sequence
from typing import Any

from o11y.alerting.matcher import parse_matchers
from o11y.alerting.silence import LONGEST_AUTHOR
from o11y.alerting.silence_request import asked
from o11y.app import silencing_of
from o11y.commands.clock import parse_time, utc_now
from o11y.commands.errors import CommandError
from o11y.commands.owner import ask_owner
from o11y.commands.silence_answers import silence_answers
from o11y.commands.silence_words import print_added, print_expired, print_silences
from o11y.metrics import Metrics
from o11y.settings import Settings
from o11y.stores import open_redis
from o11y.worker.ports import MemoryLost


def add(
    settings: Settings,
    matchers: Sequence[str],
    *,
    comment: str,
    author: str | None,
    start: str | None,
    lasts: str | None,
    until: str | None,
    as_json: bool,
) -> int:
    """``lasts`` as ``2h``, or ``until`` a time. Raises ``ValueError`` for what is no silence."""
    wanted: dict[str, Any] = {
        "matchers": [str(matcher) for text in matchers for matcher in parse_matchers(text)],
        "comment": comment,
        "author": author or typist(),
    }
    if start is not None:
        wanted["startsAt"] = parse_time(start, option="--start").isoformat()
    if lasts is not None:
        wanted["duration"] = lasts
    if until is not None:
        wanted["endsAt"] = parse_time(until, option="--until").isoformat()
    asked(wanted, silence_id="new", author=typist(), now=utc_now())  # a slip is told before anybody is asked
    found = _ask(settings, "silence-add", {"silence": wanted, "by": typist()})
    if as_json:
        print(json.dumps(found["silence"], indent=2))
    else:
        print_added(found, sys.stdout)
    return 0


def listing(settings: Settings, *, ended: bool, as_json: bool) -> int:
    found = _ask(settings, "silence-list", {"all": ended})
    if as_json:
        print(json.dumps(found["silences"], indent=2))
    else:
        print_silences(found, sys.stdout)
    return 0


def expire(settings: Settings, silence_id: str) -> int:
    found = _ask(settings, "silence-expire", {"id": silence_id, "by": typist()})
    if found["silence"] is None:
        raise CommandError(f"there is no silence {silence_id!r}; `o11y silence list --all` names those that are kept")
    print_expired(found, sys.stdout)
    return 0


def _ask(settings: Settings, command: str, arguments: dict[str, Any]) -> Any:
    try:
        return ask_owner(settings.data_dir, command, arguments)
    except (FileNotFoundError, ConnectionError):
        return asyncio.run(_answer_here(settings, command, arguments))


async def _answer_here(settings: Settings, command: str, arguments: dict[str, Any]) -> Any:
    async with open_redis(settings) as redis:
        silencing = silencing_of(redis, clock=utc_now, metrics=Metrics())
        try:
            return await silence_answers(silencing, clock=utc_now)[command](arguments)
        except MemoryLost as error:
            raise CommandError(str(error)) from None


def typist() -> str:
    """``ann@laptop``; a container may have no name for its user."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"[:LONGEST_AUTHOR]
