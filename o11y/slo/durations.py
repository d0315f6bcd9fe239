"""Durations as people write them: ``90s``, ``5m``, ``1h``, ``3d``."""

import re

_UNIT_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse_duration_s(text: str) -> int:
    """Seconds of a whole number with one unit (s, m, h, d); ``ValueError`` for anything else."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if not found:
        raise ValueError(f"{text!r} is not a duration such as 90s, 5m, 1h or 3d")
    return int(found[1]) * _UNIT_S[found[2]]


def duration_text(seconds: int) -> str:
    """The shortest text that ``parse_duration_s`` reads back: 300 -> ``5m``, 90 -> ``90s``."""
    unit = next(unit for unit, size in _UNIT_S.items() if seconds % size == 0 and (seconds or unit == "s"))
    return f"{seconds // _UNIT_S[unit]}{unit}"


def time_text(seconds: float) -> str:
    """For reading, rounded to two units: 4.32 -> ``4.3s``, 129.6 -> ``2m 10s``, 74000 -> ``20h 33m``."""
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    for unit, smaller, size in (("m", "s", 60), ("h", "m", 3_600), ("d", "h", 86_400)):
        step = _UNIT_S[smaller]
        whole, rest = divmod(round(seconds / step), size // step)
        if unit == "d" or whole < _UNIT_S[{"m": "h", "h": "d"}[unit]] // size:
            return f"{whole}{unit} {rest}{smaller}" if rest else f"{whole}{unit}"
    raise AssertionError("days have no upper end")
