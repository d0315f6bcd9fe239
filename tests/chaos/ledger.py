"""The books of a scenario: what was acknowledged against what is stored, and what was due against what was told."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.program.facade_process import ROLLUPS

#: answers a query with the rows of its answer, as text
Rows = Callable[[str], list[list[str]]]

#: how a message says that it may be a repeat
MARK = "May be a repeat"


@dataclass(frozen=True, slots=True)
class Events:
    """``lost`` and ``duplicated`` in the raw table, or in the rollup that is furthest from it."""

    lost: int
    duplicated: int


def audit_events(rows: Rows, acknowledged: Collection[str]) -> Events:
    """Every acknowledged event is stored once. (Others may be stored too: their answer was lost.)

    A rollup is compared with the distinct raw events, dimension by dimension, so that a loss in one cannot hide a
    duplicate in another.
    """
    stored = [row[0] for row in rows("SELECT event_id FROM api_events")]
    distinct = set(stored)
    truth = _per_dimension(rows, "SELECT dim_id, uniqExact(event_id) FROM api_events GROUP BY dim_id")
    missing, surplus = 0, len(stored) - len(distinct)
    for rollup in ROLLUPS:
        found = _per_dimension(rows, f"SELECT dim_id, sum(total) FROM {rollup} GROUP BY dim_id")
        missing = max(missing, (truth - found).total())
        surplus = max(surplus, (found - truth).total())
    return Events(lost=len(set(acknowledged) - distinct) + missing, duplicated=surplus)


def _per_dimension(rows: Rows, sql: str) -> Counter[str]:
    return Counter({dimension: int(total) for dimension, total in rows(sql)})


@dataclass(frozen=True, slots=True)
class Pages:
    """``marked`` are repeats that say that they may be one; ``unexpected`` are texts that nothing was due for."""

    due: int
    lost: int
    duplicated: int
    marked: int
    unexpected: tuple[str, ...]


def audit_pages(messages: Sequence[Mapping[str, Any]], due: Collection[str], *, marks_allowed: int = 1) -> Pages:
    """``messages`` are those a receiver took; ``due`` names what must be told once each, wherever in a message.

    Of one name ``marks_allowed`` marked repeats are no duplicates.
    """
    texts = [json.dumps(message, ensure_ascii=False) for message in messages]
    lost = duplicated = marked = 0
    for name in due:
        about = [text for text in texts if name in text]
        repeats = min(sum(MARK in text for text in about), max(0, len(about) - 1), marks_allowed)
        lost += not about
        marked += repeats
        duplicated += max(0, len(about) - 1 - repeats)
    unexpected = tuple(
        message["text"] for message, text in zip(messages, texts, strict=True) if not any(name in text for name in due)
    )
    return Pages(len(due), lost, duplicated, marked, unexpected)
