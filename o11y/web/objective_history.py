"""The history of changes on ``/objectives``: as many as a page has room for, and the way to older ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from o11y.alerting.record import rfc3339
from o11y.slo.objective import Objective
from o11y.web.objective_words import values_text, where
from o11y.web.page import Refusal
from o11y.worker.objective_overrides import ObjectiveOverrides
from o11y.worker.override_request import moment
from o11y.worker.ports.overrides import Change

MOST_CHANGES = 50
_KEPT_TO = timedelta(milliseconds=1)


async def history(
    overrides: ObjectiveOverrides, query: Mapping[str, str], named: Mapping[str, Objective], *, path: str
) -> dict[str, Any]:
    """What the page shows of it. Raises ``Refusal`` when ``before`` of its query is no time, and ``StoreError``."""
    before = _before(query)
    shown, older = _turned(await overrides.changes(before=before, most=MOST_CHANGES + 1))
    kept = {"page": query["page"]} if "page" in query else {}
    return {
        "before": before,
        "older": None if older is None else f"{path}?{urlencode({**kept, 'before': rfc3339(older)})}#changes",
        "newest": None if before is None else f"{path}{f'?{urlencode(kept)}' if kept else ''}#changes",
        "changes": [_row(change, named.get(change.selector.objective)) for change in shown],
    }


def _before(query: Mapping[str, str]) -> datetime | None:
    try:
        return moment(query["before"]) if "before" in query else None
    except ValueError:
        words = "before: a time with its zone, such as 2026-08-12T17:05:00Z, is accepted."
        raise Refusal(400, words) from None


def _turned(found: Sequence[Change]) -> tuple[Sequence[Change], datetime | None]:
    """What is shown, and before when the rest was made. Changes of one millisecond are not parted, so none is lost."""
    if len(found) <= MOST_CHANGES:
        return found, None
    rest = found[MOST_CHANGES].at
    shown = [change for change in found[:MOST_CHANGES] if change.at > rest]
    return (shown, rest + _KEPT_TO) if shown else (found[:MOST_CHANGES], rest)


def _row(change: Change, objective: Objective | None) -> dict[str, Any]:
    return {
        "change": change,
        "where": where(change.selector),
        "before": values_text(change.before, objective),
        "after": values_text(change.after, objective),
    }
