"""Small pictures inside of text, as paths of SVG."""

from collections.abc import Sequence
from decimal import Decimal

WIDTH, HEIGHT = 72, 20
_MARGIN = 1.5


def spark_path(values: Sequence[int | float | Decimal | None]) -> str:
    """A line through the values, from 0 or the least of them to the greatest; interrupted where one is missing."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return ""
    low, high = min(0.0, *known), max(known)
    step = (WIDTH - 2 * _MARGIN) / max(1, len(values) - 1)
    scale = (HEIGHT - 2 * _MARGIN) / ((high - low) or 1.0)
    drawn, pen = [], "M"
    for index, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x, y = _MARGIN + index * step, HEIGHT - _MARGIN - (float(value) - low) * scale
        drawn.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(drawn)
