"""Names from outside show themselves and stay in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.foreign_text import shorten, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("vendor/model-4.5", "vendor/model-4.5"),
        ("two\nlines\tand a tab", "two\\nlines\\tand a tab"),
        ("reversed \u202egnp.exe", "reversed \\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("half \ud800", "half \\ud800"),
        ("line\u2028separator", "line\\u2028separator"),
        ("", "(empty)"),
        ("family 👨\u200d👩\u200d👧", "family 👨\u200d👩\u200d👧"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_right_to_left_letters_cannot_reorder_what_stands_beside_them() -> None:
    assert visible("מודל") == "\u2068מודל\u2069"


def test_a_long_name_ends_in_an_ellipsis() -> None:
    assert visible("m" * 500, limit=10) == "m" * 9 + "…"
    assert shorten("short", 10) == "short"


@given(st.text(max_size=60), st.integers(min_value=2, max_value=30))
def test_no_text_escapes_its_limit_or_its_line(text: str, limit: int) -> None:
    shown = visible(text, limit=limit)
    assert len(shown) <= max(limit, len("(empty)")) + 2
    assert len(shown.splitlines()) == 1
