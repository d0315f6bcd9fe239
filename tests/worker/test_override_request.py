"""An override as it is asked for: every value read exactly, everything wrong with it told at once."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.event_json import decode
from o11y.slo.override import Values
from o11y.worker.override_request import BadOverride, asked

EVERYTHING: dict[str, Any] = {
    "enabled": True,
    "target": "0.99990000000000000001",
    "thresholdMs": 2_345,
    "minRequests": 7,
    "confidence": 0.999,
    "pageEligible": False,
    "note": " why ",
}


def test_every_value_is_read_exactly() -> None:
    values, note = asked(decode(json.dumps(EVERYTHING).encode()))
    exact = Decimal("0.99990000000000000001")
    assert values == Values(True, exact, 2_345, 7, Decimal("0.999"), False)
    assert note == "why"


@given(st.integers(1, 999_999))
def test_a_json_number_is_the_decimal_that_was_written(millionths: int) -> None:
    written = f"0.{millionths:06d}"
    values, _ = asked(decode(f'{{"target": {written}}}'.encode()))
    assert values.target == Decimal(written)


def test_what_is_left_out_or_null_is_not_replaced() -> None:
    assert asked({"enabled": None, "target": None, "note": None}) == (Values(), "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enabled", "yes"),
        ("enabled", 1),
        ("target", True),
        ("target", "much"),
        ("target", "1e-9"),
        ("target", "-0.5"),
        ("target", "NaN"),
        ("target", "0." + "9" * 31),
        ("target", "٠.٩"),
        ("target", [0.9]),
        ("thresholdMs", "500"),
        ("thresholdMs", 1.5),
        ("thresholdMs", 1e300),
        ("minRequests", True),
        ("minRequests", {}),
        ("confidence", "certain"),
        ("pageEligible", "false"),
        ("note", 3),
        ("note", "x" * 501),
        ("note", "\ud800"),
        ("bogus", 1),
        ("\ud800", 1),
    ],
)
def test_what_cannot_be_read_is_told_with_its_field(field: str, value: Any) -> None:
    with pytest.raises(BadOverride) as refused:
        asked({"enabled": True, field: value})
    (problem,) = refused.value.problems
    assert problem.message
    assert problem.path == (field if field != "\ud800" else "\\ud800",)


@pytest.mark.parametrize("body", [None, [], "x", 3, True])
def test_it_is_an_object(body: Any) -> None:
    with pytest.raises(BadOverride, match="must be a JSON object"):
        asked(body)


def test_everything_is_told_at_once() -> None:
    with pytest.raises(BadOverride) as refused:
        asked({"enabled": 3, "target": "x", "bogus": 1})
    assert [problem.path for problem in refused.value.problems] == [("bogus",), ("enabled",), ("target",)]
