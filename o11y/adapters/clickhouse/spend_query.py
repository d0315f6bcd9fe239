"""One statement for what many stretches of time counted, each of one SLI in one dimension.

A part for each rollup and scope that is needed, which reads its buckets once: planning a part costs more than reading
it, so that one for each stretch would take a second for a page of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from o11y.adapters.clickhouse.bands import Grain
from o11y.adapters.clickhouse.measures import bad_of_rollup, valid_of_rollup
from o11y.adapters.clickhouse.statements import statement
from o11y.slo.dimension import Scope
from o11y.slo.sli import Sli
from o11y.worker.ports.alert_log import Stretch

_HOUR_S = Grain.COARSE.seconds
#: the name that an aggregate keeps
_NAME = {Scope.PROVIDER: "provider", Scope.CLIENT: "client"}


@dataclass(frozen=True, slots=True)
class SpendQuery:
    """Its rows: the number of a stretch, then a column for each measure. ``cells``: bad and valid of each SLI."""

    sql: str
    parameters: Mapping[str, Any]
    cells: Mapping[Sli, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Piece:
    number: int
    stretch: Stretch
    from_s: int
    to_s: int


def spend_query(stretches: Sequence[Stretch]) -> SpendQuery:
    """SQL from enums and latency bounds alone; times and names are bound."""
    slis = list(dict.fromkeys(stretch.sli for stretch in stretches))
    measures = [
        text for sli in slis for text in (_measure(bad_of_rollup(sli), sli), _measure(valid_of_rollup(sli), sli))
    ]
    groups: defaultdict[tuple[Grain, Scope], list[_Piece]] = defaultdict(list)
    for number, stretch in enumerate(stretches):
        for grain, from_s, to_s in _segments(int(stretch.since.timestamp()), int(stretch.until.timestamp())):
            groups[grain, stretch.dimension.scope].append(_Piece(number, stretch, from_s, to_s))
    texts: list[str] = []
    parameters: dict[str, Any] = {}
    for group, ((grain, scope), pieces) in enumerate(groups.items()):
        text, bound = _part(group, grain, scope, pieces, measures)
        texts.append(text)
        parameters |= bound
    cells = {sli: (2 * place + 1, 2 * place + 2) for place, sli in enumerate(slis)}
    return SpendQuery("\nUNION ALL\n".join(texts), parameters, cells)


def _measure(expression: str, sli: Sli) -> str:
    return f"sumIf({expression}, NOT user_byok)" if sli.exclude_user_byok else f"sum({expression})"


def _segments(from_s: int, to_s: int) -> Iterator[tuple[Grain, int, int]]:
    """Whole hours from the coarse rollup, and what is left at both ends in steps of five minutes."""
    first, last = -(-from_s // _HOUR_S) * _HOUR_S, to_s // _HOUR_S * _HOUR_S
    if first >= last:
        if from_s < to_s:
            yield Grain.MIDDLE, from_s, to_s
        return
    yield Grain.COARSE, first, last
    for start, end in ((from_s, first), (last, to_s)):
        if start < end:
            yield Grain.MIDDLE, start, end


def _part(
    group: int, grain: Grain, scope: Scope, pieces: Sequence[_Piece], measures: Sequence[str]
) -> tuple[str, dict[str, Any]]:
    place, places, joined, narrowed, bound = _scoped(group, scope, pieces)
    ranges = _merged([(piece.from_s, piece.to_s) for piece in pieces])
    for number, (from_s, to_s) in enumerate(ranges):
        bound |= {f"since_{group}_{number}": _second(from_s), f"until_{group}_{number}": _second(to_s)}
    bound |= {
        f"numbers_{group}": [piece.number for piece in pieces],
        f"from_{group}": [piece.from_s for piece in pieces],
        f"to_{group}": [piece.to_s for piece in pieces],
    }
    parts = {
        "group": str(group),
        "sums": ", ".join(f"toInt64(sum(m{number}))" for number in range(len(measures))),
        "measures": ", ".join(f"{text} AS m{number}" for number, text in enumerate(measures)),
        "place": place,
        "places": places,
        "rollup": grain.rollup,
        "joined": joined,
        "scope": narrowed,
        "ranges": " OR ".join(
            f"(bucket >= {{since_{group}_{number}:DateTime('UTC')}}"
            f" AND bucket < {{until_{group}_{number}:DateTime('UTC')}})"
            for number in range(len(ranges))
        ),
    }
    return statement("incident_spend", parts), bound


def _scoped(group: int, scope: Scope, pieces: Sequence[_Piece]) -> tuple[str, str, str, str, dict[str, Any]]:
    """What tells the dimensions of a scope apart, its value for each piece, a join, a condition, and what is bound."""
    where = [piece.stretch.dimension for piece in pieces]
    if scope is Scope.ALL:
        return "0", f"{{zeros_{group}:Array(UInt8)}}", "", "", {f"zeros_{group}": [0] * len(pieces)}
    if scope is Scope.MODEL:
        bound: dict[str, Any] = {
            f"clients_{group}": [each.client for each in where],
            f"providers_{group}": [each.provider for each in where],
            f"models_{group}": [each.model for each in where],
        }
        names = ", ".join(f"{{{name}:Array(String)}}" for name in bound)
        ids = f"arrayMap((c, p, m) -> sipHash64(c, p, m), {names})"
        return "dim_id", ids, "", f" AND has({ids}, dim_id)", bound
    kind, key = _NAME[scope], f"names_{group}"
    joined = (
        f"\n    INNER JOIN (SELECT k.dim_id AS known_id, any(k.{kind}) AS name FROM dimensions AS k"
        f" WHERE has({{{key}:Array(String)}}, k.{kind}) GROUP BY known_id) AS d ON d.known_id = r.dim_id"
    )
    return "d.name", f"{{{key}:Array(String)}}", joined, "", {key: [getattr(each, kind) for each in where]}


def _merged(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same time without overlaps, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _second(epoch_s: int) -> str:
    return f"{datetime.fromtimestamp(epoch_s, UTC):%Y-%m-%d %H:%M:%S}"
