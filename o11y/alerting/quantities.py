"""Numbers as an on-call reads them: short, never rounded across a line that matters (0 %, 100 %)."""

from datetime import UTC, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

Number = Fraction | Decimal | int


def percent(share: Number) -> str:
    """A measured share: 0.374 -> ``37.4 %``. Only nothing is ``0 %``, and only everything is ``100 %``."""
    value = _decimal(share) * 100
    if 0 < value < Decimal("0.01"):
        return "<0.01 %"
    if 99 < value < 100:
        return f"{_trimmed(value, 2, rounding=ROUND_FLOOR)} %"
    return f"{_trimmed(value, _places(value))} %"


def exact_percent(share: Decimal) -> str:
    """A configured share, digit for digit: 0.99999 -> ``99.999 %``."""
    return f"{_plain(share * 100)} %"


def percentile(target: Decimal) -> str:
    """The percentile that a target speaks of: 0.90 -> ``p90``, 0.999 -> ``p99.9``."""
    return f"p{_plain(target * 100)}"


def times(burn_rate: Number) -> str:
    """A burn rate: 14.4 -> ``14.4×``, 1000 -> ``1,000×``."""
    value = _decimal(burn_rate)
    if 0 < value < Decimal("0.01"):
        return "<0.01×"
    return f"{_trimmed(value, _places(value))}×"


def count(events: int) -> str:
    return f"{events:,}"


def several(number: int, noun: str) -> str:
    """``1 alert``, ``14 alerts``: of a noun that takes an s."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def latency(milliseconds: float) -> str:
    """450 -> ``450 ms``, 1500 -> ``1.5 s``, 22040 -> ``22 s``."""
    if round(milliseconds) < 1_000:
        return f"{round(milliseconds)} ms"
    seconds = Decimal(repr(milliseconds)) / 1_000
    return f"{_trimmed(seconds, 2 if seconds < 10 else 1)} s"


def moment(at: datetime) -> str:
    """A minute, in UTC and saying so: ``2026-11-21 12:00 UTC``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def clock(at: datetime, *, beside: datetime) -> str:
    """``12:00 UTC``, with the date unless it is that of the moment that it stands beside."""
    same_day = at.astimezone(UTC).date() == beside.astimezone(UTC).date()
    return f"{at.astimezone(UTC):%H:%M} UTC" if same_day else moment(at)


def _decimal(number: Number) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator) if isinstance(number, Fraction) else Decimal(number)


def _places(value: Decimal) -> int:
    size = abs(value)
    return 0 if size >= 100 else 1 if size >= 10 else 2


def _trimmed(value: Decimal, places: int, *, rounding: str = ROUND_HALF_EVEN) -> str:
    return _plain(value.quantize(Decimal(1).scaleb(-places), rounding=rounding))


def _plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
