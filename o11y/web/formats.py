"""How numbers and times are written on pages. ``None``, where nothing is known, is a dash."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from jinja2 import pass_context
from markupsafe import Markup

Number = int | float | Decimal | Fraction

NOTHING = "–"
_SPACE = "\N{NO-BREAK SPACE}"
_SECONDS_TELL = 600
_THOUSANDS = ("", "k", "M", "G", "T", "P")


def count(value: Number | None) -> str:
    """12,345"""
    return NOTHING if value is None else f"{round(value):,}"


def counted(value: Number, noun: str) -> str:
    """1 row, 12,345 rows. Of nouns with a regular plural."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def compact(value: Number | None) -> str:
    """Three digits: 999, 12.3k, 4.56M."""
    if value is None:
        return NOTHING
    number, step = float(value), 0
    while abs(number) >= 999.5 and step < len(_THOUSANDS) - 1:
        number, step = number / 1000, step + 1
    return f"{_three(number) if step else round(number)}{_THOUSANDS[step]}"


def percent(fraction: Number | None) -> str:
    """Of a fraction of 1, with two digits that say something: 12 %, 1.2 %, 0.012 %. Never 0 or 100 % when it is not."""
    if fraction is None:
        return NOTHING
    value = float(fraction) * 100
    if value == 0 or not math.isfinite(value):
        return f"0{_SPACE}%" if value == 0 else NOTHING
    if 99 <= value < 100:
        return f"{min(value, 99.999):.5g}{_SPACE}%"
    if abs(value) >= 10:
        return f"{value:.0f}{_SPACE}%"
    digits = min(1 - math.floor(math.log10(abs(value))), 4)
    rounded = round(value, digits)
    return f"{rounded:.{digits}f}".rstrip("0").rstrip(".") + f"{_SPACE}%" if rounded else f"<{_SPACE}0.0001{_SPACE}%"


def duration(seconds: Number | None) -> str:
    """In its two largest units, seconds only of a few minutes: 45 s, 2 min 5 s, 35 min, 3 h 20 min, 12 d 4 h."""
    if seconds is None:
        return NOTHING
    left = float(seconds)
    if left < 0:
        return f"−{duration(-left)}"
    if left < 1:
        return ms(left * 1000) if left else f"0{_SPACE}s"
    total = round(left)
    if total >= _SECONDS_TELL:
        total -= total % 60
    for size, name, smaller, its_name in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if total >= size:
            rest = total % size // smaller
            words = f"{total // size}{_SPACE}{name}"
            return f"{words} {rest}{_SPACE}{its_name}" if rest else words
    return f"{total}{_SPACE}s"


def ms(value: Number | None) -> str:
    """Milliseconds as people read them: 0.4 ms, 340 ms, 1.25 s, 15 s."""
    if value is None:
        return NOTHING
    number = float(value)
    if abs(number) < 999.5:
        return f"{number:.0f}{_SPACE}ms" if abs(number) >= 10 else f"{number:.2g}{_SPACE}ms"
    if abs(number) < 120_000:
        return f"{_three(number / 1000)}{_SPACE}s"
    return duration(number / 1000)


def burn(rate: Number | None) -> str:
    """A burn rate: 0.06×, 0.4×, 14.4×, 120×."""
    if rate is None:
        return NOTHING
    value = float(rate)
    if 0 < value < 0.01:
        return "<0.01×"
    return f"{_three(round(value, 2) if value < 1 else value)}×"


def size(value: Number | None) -> str:
    """Bytes in binary units: 512 B, 3.2 MiB."""
    if value is None:
        return NOTHING
    number = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024:
            return f"{number:.0f}{_SPACE}{unit}" if unit == "B" else f"{_three(number)}{_SPACE}{unit}"
        number /= 1024
    return f"{_three(number)}{_SPACE}TiB"


def time(moment: datetime | None) -> str | Markup:
    """``2026-11-21 14:30 UTC``, for machines as well."""
    if moment is None:
        return NOTHING
    at = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(_iso(at), f"{at:%Y-%m-%d %H:%M}{_SPACE}UTC")


def clock(moment: datetime | None) -> str | Markup:
    """``14:30:05``, the day in its title."""
    if moment is None:
        return NOTHING
    at = moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(_iso(at), _exact(at), f"{at:%H:%M:%S}")


@pass_context
def ago(context: Mapping[str, Any], moment: datetime | None) -> str | Markup:
    """``3 min ago``, which the page's script keeps fresh; the time itself in its title. Not in an imported macro,
    which does not know the page's ``now``.
    """
    if moment is None:
        return NOTHING
    at = moment.astimezone(UTC)
    words = since((context["now"] - at).total_seconds())
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(_iso(at), _exact(at), words)


def since(seconds: float) -> str:
    """In one unit, as the script writes it too."""
    if abs(seconds) < 5:
        return "now"
    amount = abs(seconds)
    for length, name in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if amount >= length:
            words = f"{int(amount // length)}{_SPACE}{name}"
            break
    return f"in {words}" if seconds < 0 else f"{words} ago"


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _exact(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _three(number: float) -> str:
    """Three significant digits without an exponent, and without zeros behind the point."""
    if number == 0 or not math.isfinite(number):
        return "0" if number == 0 else "∞"
    digits = max(0, 2 - math.floor(math.log10(abs(number))))
    text = f"{number:.{min(digits, 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


FILTERS: Mapping[str, Callable[..., Any]] = {
    "count": count,
    "counted": counted,
    "compact": compact,
    "percent": percent,
    "duration": duration,
    "ms": ms,
    "burn": burn,
    "bytes": size,
    "time": time,
    "clock": clock,
    "ago": ago,
}
