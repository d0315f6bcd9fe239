"""Service-level indicators: which events are valid and which of those are bad."""

from dataclasses import dataclass, fields
from enum import StrEnum

from o11y.slo.dimension import Scope
from o11y.slo.latency_bounds import COMPLETE_BOUNDS_MS, TTFB_BOUNDS_MS
from o11y.slo.status_class import StatusClass


class Indicator(StrEnum):
    ERROR_RATE = "error_rate"
    LATENCY = "latency"  # completeRequestMs
    TTFB = "ttfb"  # ttfbMs of streaming requests
    TRAFFIC = "traffic"  # requests that did not come


class LatencyOf(StrEnum):
    """Whose latency counts. A fast error is not a good latency, so the default leaves failures out."""

    SUCCESSFUL = "successful"
    EVERY_REQUEST = "every_request"


@dataclass(frozen=True)
class Sli:
    """What is counted, hashable, so that objectives that count the same share one pair of columns.

    Its hash is kept, as it goes through two sets and four enums, and a tick looks into 10,000 mappings by it.

    error_rate: valid = all requests but the ``excluded`` classes; bad = the ``bad`` classes (never excluded ones).
    latency:    valid = requests of ``latency_of``; bad = those that took longer than ``threshold_ms``.
    ttfb:       valid = successful streaming requests (or every streaming one); bad = later than ``threshold_ms``.
    traffic:    valid = requests that are usual at this time of day; bad = those of them that did not come, as seen
                by a sum of the scope ``per``: what comes by another way of the same sum is not missing.
    """

    indicator: Indicator
    bad: frozenset[StatusClass] = frozenset()
    excluded: frozenset[StatusClass] = frozenset()
    exclude_user_byok: bool = True
    threshold_ms: int | None = None
    latency_of: LatencyOf = LatencyOf.SUCCESSFUL
    per: Scope = Scope.MODEL  # traffic alone

    def __post_init__(self) -> None:
        self._check()
        object.__setattr__(self, "_hash", hash(tuple(getattr(self, field.name) for field in fields(self))))

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined, no-any-return]  # not a field: it is no part of what is counted

    def _check(self) -> None:
        if self.per is not Scope.MODEL and self.indicator is not Indicator.TRAFFIC:
            raise ValueError(f"per: {self.indicator} is counted the same in every sum")
        if self.indicator is Indicator.ERROR_RATE:
            if self.threshold_ms is not None:
                raise ValueError("threshold_ms: error_rate takes none")
            if not self.bad:
                raise ValueError("bad: name at least one status class")
            if both := self.bad & self.excluded:
                raise ValueError(f"bad and exclude both name {', '.join(sorted(both))}")
            return
        if self.bad or self.excluded:
            raise ValueError(f"{self.indicator} takes no status classes")
        if self.indicator is Indicator.TRAFFIC:
            if self.threshold_ms is not None:
                raise ValueError("threshold_ms: traffic takes none")
            return
        if self.threshold_ms not in self.bounds_ms:
            raise ValueError(f"threshold_ms: {self.threshold_ms} is not one of {', '.join(map(str, self.bounds_ms))}")

    @property
    def bounds_ms(self) -> tuple[int, ...]:
        """The thresholds at which a latency can be counted; none of what is no latency."""
        match self.indicator:
            case Indicator.LATENCY:
                return COMPLETE_BOUNDS_MS
            case Indicator.TTFB:
                return TTFB_BOUNDS_MS
            case _:
                return ()
