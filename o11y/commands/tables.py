"""Answers as tables for a terminal. Text from outside is printed as text: no markup, nothing that moves the cursor."""

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from o11y.alerting.foreign_text import visible
from o11y.slo.durations import duration_text
from o11y.slo.evaluation import Reason
from o11y.slo.sli import Indicator

Answer = Mapping[str, Any]

_LONGEST_CELL = 1_000
#: of an objective whose valid events are usual requests, and whose bad ones are missing
_OF_TRAFFIC: Mapping[str, str] = {
    Reason.NO_REQUESTS: "nothing is usual at this time of day",
    Reason.TOO_FEW_REQUESTS: "too little is usual at this time of day for min_volume",
    Reason.TOO_FEW_BAD: "too few are missing",
    Reason.MAY_BE_CHANCE: "too little evidence: that so few came may be chance",
    Reason.LONG_BELOW: "less is missing in the long window than drop",
    Reason.SHORT_BELOW: "less is missing in the short window than drop: requests come again",
}


def print_tick(found: Answer, out: TextIO) -> None:
    console = console_of(out)
    console.print(
        f"Evaluation at {found['time']}: windows end at {found['until']}, {found['dimensions']:,} dimensions."
    )
    if found["incomplete"]:
        console.print("Incomplete: some events of these windows are still in a spool.")
    if not found["firing"]:
        console.print("Nothing fires.")
        return
    columns = ("severity", "objective", "client", "provider", "model", "windows", "bad / valid", "burn rate", "needs")
    rows = [
        (
            alert["severity"] + (" (lowered)" if alert["reason"] else ""),
            alert["objective"],
            alert["client"],
            alert["provider"],
            alert["model"],
            f"{duration_text(alert['long_window_s'])} / {duration_text(alert['short_window_s'])}",
            f"{alert['bad']:,} / {alert['valid']:,}",
            f"{_pace(alert, 'burn_rate_long')} / {_pace(alert, 'burn_rate_short')}",
            _pace(alert, "burn_rate_threshold"),
        )
        for alert in found["firing"]
    ]
    console.print(table_of(columns, rows))


def print_explanation(found: Answer, out: TextIO) -> None:
    console = console_of(out)
    console.print(" / ".join(visible(found[name], limit=_LONGEST_CELL) for name in ("client", "provider", "model")))
    console.print(f"at {found['time']}: windows end at {found['until']}.")
    if not found["traffic"]:
        console.print("No request of this client, provider and model in any window. Are the names right?")
    columns = ("objective", "pair", "bad / valid (long)", "burn", "bad / valid (short)", "burn", "needs", "verdict")
    console.print(table_of(columns, [_verdict_row(verdict) for verdict in found["verdicts"]]))
    for other in found["not_used"]:
        console.print(f"{other['objective']} does not apply: {other['because']}.")


def _verdict_row(verdict: Answer) -> tuple[str, ...]:
    of_traffic = verdict["indicator"] == Indicator.TRAFFIC
    words = _OF_TRAFFIC.get(verdict["reason"], verdict["reason"]) if of_traffic else verdict["reason"]
    if verdict["firing"] and verdict["page_becomes_ticket"]:
        words = f"firing, as a ticket: {verdict['page_becomes_ticket']}"
    elif verdict["reason"].endswith("min_requests"):
        words += f" ({verdict['min_requests']})"
    elif verdict["reason"].startswith("too little evidence"):
        words += f" (needs {verdict['bad_needed']:,})"
    elif verdict["reason"].endswith("min_bad"):
        words += f" ({verdict['min_bad']})"
    return (
        verdict["objective"],
        f"{verdict['severity']} {duration_text(verdict['long_window_s'])}/{duration_text(verdict['short_window_s'])}",
        f"{verdict['bad']:,} / {verdict['valid']:,}",
        _pace(verdict, "burn_rate_long"),
        f"{verdict['short_bad']:,} / {verdict['short_valid']:,}",
        _pace(verdict, "burn_rate_short"),
        _pace(verdict, "burn_rate_threshold"),
        words,
    )


def _pace(found: Answer, rate: str) -> str:
    """A burn rate; of traffic, which has no budget to burn, the share that is missing."""
    if found["indicator"] != Indicator.TRAFFIC:
        return f"{found[rate]:.4g}"
    return f"{found[rate] * (1 - float(found['target'])) * 100:.4g} %"


def print_spool(found: Answer, out: TextIO) -> None:
    console = console_of(out)
    oldest = f", the oldest since {found['oldest']}" if found["oldest"] else ""
    events = "1 event waits" if found["events"] == 1 else f"{found['events']:,} events wait"
    console.print(f"{events} to be shipped ({found['bytes']:,} bytes){oldest}.")
    if found["aside"]:
        columns = ("batch", "kind", "events", "set aside", "error")
        rows = [(b["batch"], b["kind"], str(b["events"]), b["set_aside_at"], b["error"]) for b in found["aside"]]
        console.print(table_of(columns, rows))
    else:
        console.print("No batch is set aside.")
    if found["lost"]:
        columns = ("file damaged at", "events lost", "saved", "kept as", "reason")
        console.print(table_of(columns, [_loss_row(loss) for loss in found["lost"]]))


def _loss_row(loss: Answer) -> tuple[str, ...]:
    number = f"{loss['events']:,}" if loss["exact"] else f"at least {loss['events']:,}"
    if loss["history"]:
        number += f" and {loss['history']:,} of the history"
    if loss["maybe_shipped"]:
        number += f" ({loss['maybe_shipped']:,} may be in ClickHouse)"
    return loss["at"], number, f"{loss['saved']:,}", loss["file"], loss["reason"]


def table_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(visible(cell, limit=_LONGEST_CELL) if cell else "" for cell in row))
    return table


def console_of(out: TextIO) -> Console:
    return Console(file=out, width=None if out.isatty() else 160, highlight=False, markup=False)
