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
    """

    severity: Severity
    long_s: int
    short_s: int
    burn_rate: Decimal

    def __post_init__(self) -> None:
        for name, seconds in (("long", self.long_s), ("short", self.short_s)):
            if seconds < 10 or seconds % 10:
                raise ValueError(f"{name}: {seconds} s is not a multiple of 10 s")
        if self.short_s >= self.long_s:
            raise ValueError(f"short: {self.short_s} s must be shorter than long, {self.long_s} s")
        if not (self.burn_rate.is_finite() and self.burn_rate > 0):
            raise ValueError(f"burn_rate: {self.burn_rate} must be above 0")

    def __str__(self) -> str:
        return f"{self.severity} {duration_text(self.long_s)}/{duration_text(self.short_s)} at {self.burn_rate:f}"
