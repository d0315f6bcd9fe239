"""Requests that did not come, as an SLI: valid are those that are usual, bad are those of them that are missing.

So that whatever works on counts works on silence too: pairs of windows, causes, incidents.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter

from o11y.slo.count_table import Column, CountTable
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Sli
from o11y.slo.usual_traffic import Requests

#: the name of the sum of each scope that a dimension adds to; one for all
_SUM_OF: Mapping[Scope, Callable[[Dimension], str | None]] = {
    Scope.PROVIDER: attrgetter("provider"),
    Scope.CLIENT: attrgetter("client"),
    Scope.ALL: lambda dimension: None,
}


def missing(usual: Requests, arrived: Requests, *, slis: Collection[Sli], windows_s: Iterable[int]) -> CountTable:
    """What every one of ``slis`` (of traffic) counts. Where nothing is usual, nothing is said.

    A sum misses what is usual of its parts minus all that arrived, by whichever part: a model that moved to another
    provider is missed at the old provider, and its client misses nothing. What a sum misses is shared out among the
    parts that miss something, in proportion and exactly, so that adding these up gives the sum.
    """
    parts = tuple(dict.fromkeys(chain.from_iterable(usual.values())))
    columns: dict[Sli, dict[int, Column]] = {sli: {} for sli in slis}
    for window_s in windows_s:
        of_window, came = usual.get(window_s, {}), arrived.get(window_s, {})
        expected = [of_window.get(part, 0) for part in parts]
        short = [max(0, number - came.get(part, 0)) for part, number in zip(parts, expected, strict=True)]
        for sli in slis:
            own = short if sli.per is Scope.MODEL else _shared_out(short, parts, expected, came, _SUM_OF[sli.per])
            columns[sli][window_s] = Column(own, expected)
    return CountTable(parts, columns)


def _shared_out(
    short: Sequence[int],
    parts: Sequence[Dimension],
    expected: Sequence[int],
    came: Mapping[Dimension, int],
    sum_of: Callable[[Dimension], str | None],
) -> Sequence[int]:
    """``short`` of each part, less what its sum has elsewhere."""
    names = [sum_of(part) for part in parts]
    balance: defaultdict[str | None, int] = defaultdict(int)
    total: defaultdict[str | None, int] = defaultdict(int)
    for name, number, missed in zip(names, expected, short, strict=True):
        balance[name] += number
        total[name] += missed
    for part, number in came.items():
        balance[sum_of(part)] -= number
    so_far: defaultdict[str | None, int] = defaultdict(int)
    found = []
    for name, number in zip(names, short, strict=True):
        missed, whole, before = max(0, balance[name]), total[name], so_far[name]
        so_far[name] = after = before + number
        # rounding the running sum, and not each share, makes the last one come out even
        found.append(after * missed // whole - before * missed // whole if number else 0)
    return found
