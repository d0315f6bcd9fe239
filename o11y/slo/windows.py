"""Windows and pairs of windows (SRE Workbook ch. 5, approach 6: multiwindow, multi-burn-rate)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from o11y.slo.durations import duration_text


class Severity(StrEnum):
    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class WindowPair:
    """Fires ``severity`` when the burn rate reaches ``burn_rate`` in both windows.

    The long window says that enough budget was spent, the short one that it is still being spent. Windows are in
    seconds, whole multiples of the 10 s grain.

    ``confidence`` replaces that of the objective's evidence. ``max_requests`` makes a pair one for quiet dimensions:
    it is silent while its long window holds more valid requests than that, since other pairs are quicker there.
    """

    severity: Severity
    long_s: int
    short_s: int
    burn_rate: Decimal
    confidence: Decimal | None = None
    max_requests: int | None = None

    def __post_init__(self) -> None:
        for name, seconds in (("long", self.long_s), ("short", self.short_s)):
            if seconds < 10 or seconds % 10:
                raise ValueError(f"{name}: {seconds} s is not a multiple of 10 s")
        if self.short_s >= self.long_s:
            raise ValueError(f"short: {self.short_s} s must be shorter than long, {self.long_s} s")
        if not (self.burn_rate.is_finite() and self.burn_rate > 0):
            raise ValueError(f"burn_rate: {self.burn_rate} must be above 0")
        if self.confidence is not None and not Decimal("0.5") <= self.confidence < 1:
            raise ValueError(f"confidence: {self.confidence} must be from 0.5 to below 1")
        if self.max_requests is not None and self.max_requests < 1:
            raise ValueError(f"max_requests: {self.max_requests} must be at least 1")

    def __str__(self) -> str:
        quiet = f" up to {self.max_requests:,} requests" if self.max_requests is not None else ""
        windows = f"{duration_text(self.long_s)}/{duration_text(self.short_s)}"
        return f"{self.severity} {windows} at {self.burn_rate:f}{quiet}"
