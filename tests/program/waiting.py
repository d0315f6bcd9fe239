"""Waiting for what can be observed. The deadline is for a failing test alone."""

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], what: str, *, within_s: float = 30) -> None:
    """Poll until it holds; ``AssertionError`` that says what was waited for."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not within {within_s:g} s: {what}"
        time.sleep(0.02)
