"""Commands with a question for the stores: asked of the owner, or answered here when nobody owns the folder."""

import asyncio
import json
import sys
from typing import Any

from o11y.app import assemble, objectives_of
from o11y.commands import tables
from o11y.commands.answers import answers
from o11y.commands.clock import parse_time, utc_now
from o11y.commands.errors import CommandError
from o11y.commands.owner import ask_owner
from o11y.metrics import Metrics
from o11y.model_id import normalise_model
from o11y.receivers import notifiers_of
from o11y.settings import Settings
from o11y.stores import open_stores


def ask(settings: Settings, command: str, arguments: dict[str, Any]) -> Any:
    try:
        return ask_owner(settings.data_dir, command, arguments)
    except (FileNotFoundError, ConnectionError):
        return asyncio.run(_answer_here(settings, command, arguments))


async def _answer_here(settings: Settings, command: str, arguments: dict[str, Any]) -> Any:
    async with open_stores(settings) as stores:
        worker = assemble(
            settings,
            stores,
            objectives=objectives_of(settings),
            notifiers=notifiers_of(settings),
            clock=utc_now,
            metrics=Metrics(),
        )
        return await answers(worker)[command](arguments)


def tick(settings: Settings, *, at: str | None, as_json: bool) -> int:
    """What an evaluation at a time finds. Exit code 0 whether or not something fires."""
    found = ask(settings, "tick", {"at": parse_time(at).isoformat()})
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        tables.print_tick(found, sys.stdout)
    return 0


def explain(settings: Settings, *, client: str, provider: str, model: str, at: str | None, as_json: bool) -> int:
    """Why did it page, or not?"""
    arguments = {"client": client, "provider": provider, "model": normalise_model(model)[0]}
    found = ask(settings, "explain", {**arguments, "at": parse_time(at).isoformat()})
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        tables.print_explanation(found, sys.stdout)
    return 0


def spool_list(settings: Settings, *, as_json: bool) -> int:
    found = ask(settings, "spool-list", {})
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        tables.print_spool(found, sys.stdout)
    return 0


def spool_retry(settings: Settings, *, batch: str) -> int:
    if not ask(settings, "spool-retry", {"batch": batch})["retried"]:
        raise CommandError(f"no batch {batch!r} is set aside; `o11y spool list` names those that are")
    print(f"{batch} is queued again")
    return 0
