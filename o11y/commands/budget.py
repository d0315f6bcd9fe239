"""``o11y budget``: how every error budget stands, the most spent first."""

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TextIO

from o11y.alerting.foreign_text import visible
from o11y.alerting.quantities import percent, times
from o11y.commands.ask import ask
from o11y.commands.budget_answers import MOST
from o11y.commands.clock import parse_time
from o11y.commands.tables import Answer, console_of, table_of
from o11y.model_id import normalise_model
from o11y.settings import Settings
from o11y.slo.durations import time_text

_DAY_OF = slice(5, 16)
_COLUMNS = ("objective", "where", "left", "bad / valid", "compliance", "gone in (1 h)", "gone in (24 h)", "spent by")


def budget(
    settings: Settings,
    *,
    client: str | None,
    provider: str | None,
    model: str | None,
    objective: str | None,
    at: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """Exit code 0 whether or not one is overspent. ``ValueError`` for a limit that is none."""
    if not 1 <= limit <= MOST:
        raise ValueError(f"--limit: {limit} refused; accepted: a number from 1 to {MOST:,}")
    arguments = {
        "client": client or "",
        "provider": provider or "",
        "model": normalise_model(model)[0] if model else "",
        "objective": objective or "",
        "at": parse_time(at).isoformat(),
        "limit": limit,
    }
    found = ask(settings, "budget", arguments)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        print_budgets(found, sys.stdout)
    return 0


def print_budgets(found: Answer, out: TextIO) -> None:
    console = console_of(out)
    listed: Sequence[Any] = found["listed"]
    number = "1 budget" if found["budgets"] == 1 else f"{found['budgets']:,} budgets"
    console.print(f"{number} from {found['from']} to {found['until']}, {found['overspent']:,} overspent.")
    if not listed:
        console.print("No valid events of this objective, client, provider and model in the last 30 days.")
        return
    console.print(table_of(_COLUMNS, [_row(one) for one in listed]))
    if (more := found["budgets"] - len(listed)) > 0:
        console.print(f"and {more:,} with more left; --limit shows more")


def _row(one: Answer) -> tuple[str, ...]:
    return (
        one["objective"],
        _place(one),
        _percent(one["left"]),
        f"{one['bad']:,} / {one['valid']:,}",
        _percent(one["compliance"]),
        _ends(one["ends_in_s_at_1h"], one["burn_rate_1h"]),
        _ends(one["ends_in_s_at_24h"], one["burn_rate_24h"]),
        _incidents(one),
    )


def _place(one: Answer) -> str:
    match one["scope"]:
        case "provider" | "client":
            return f"{one['scope']} {visible(one[one['scope']])}"
        case "all":
            return "all traffic"
        case _:
            return " / ".join(visible(one[name]) for name in ("client", "provider", "model"))


def _percent(share: float) -> str:
    return percent(_exact(share)) if share >= 0 else f"-{percent(_exact(-share))}"


def _ends(seconds: float | None, rate: float) -> str:
    if seconds is None:
        return "-"
    return "gone" if seconds <= 0 else f"{time_text(seconds)} at {times(_exact(rate))}"


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


def _incidents(one: Answer) -> str:
    if not one["incidents"]:
        return "no incident"
    told = [
        each["from"][_DAY_OF].replace("T", " ") + (f" {_percent(each['spent'])}" if each["spent"] is not None else "")
        for each in one["incidents"]
    ]
    more = [f"{one['incidents_before']:,} before"] if one["incidents_before"] else []
    return ", ".join([*told, *more])
