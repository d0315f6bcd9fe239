"""Which overrides hold in a dimension, and which of them says each value."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo import override_json
from o11y.slo.dimension import Dimension
from o11y.slo.override import NO_LAYERS, Layers, Override, Selector, Values, layered

AT = datetime(2026, 11, 21, tzinfo=UTC)
WEB = Dimension("web", "openai", "gpt")


def override(
    client: str | None = None, provider: str | None = None, model: str | None = None, **values: Any
) -> Override:
    return Override(
        Selector("error-rate", client, provider, model), Values(**(values or {"enabled": False})), "ann", AT
    )


def test_a_selector_names_what_it_is_of() -> None:
    assert str(Selector("error-rate", client="web", model="gpt")) == "error-rate of client web, model gpt"
    assert str(Selector("error-rate")) == "error-rate of every dimension"
    assert Selector("x", provider="p").named == {"provider": "p"}


def test_only_overrides_whose_names_are_all_those_of_the_dimension_hold() -> None:
    holding = [override(), override("web"), override(None, "openai"), override("web", None, "gpt")]
    others = [
        override("batch"),
        override("web", "azure"),
        override(None, None, "gpt-4"),
        override("batch", None, "gpt"),
    ]
    assert set(Layers([*others, *holding]).at(WEB)) == set(holding)


def test_the_more_names_the_more_specific_and_a_model_is_before_a_provider_before_a_client() -> None:
    shapes = list(product(("web", None), ("openai", None), ("gpt", None)))
    found = Layers([override(*shape) for shape in shapes]).at(WEB)
    assert [each.selector.names for each in found] == [
        (None, None, None),
        ("web", None, None),
        (None, "openai", None),
        (None, None, "gpt"),
        ("web", "openai", None),
        ("web", None, "gpt"),
        (None, "openai", "gpt"),
        ("web", "openai", "gpt"),
    ]


def test_each_value_is_the_one_of_the_most_specific_override_that_has_it() -> None:
    wide = override(target=Decimal("0.9"), page_eligible=False)
    narrow = override(model="gpt", target=Decimal("0.8"))
    assert layered(Layers([narrow, wide]).at(WEB)) == {"target": narrow, "page_eligible": wide}


def test_of_two_for_one_selector_the_later_holds() -> None:
    first, second = override("web", enabled=False), override("web", enabled=True)
    assert Layers([first, second]).at(WEB) == (second,)


def test_an_aggregate_is_selected_by_the_names_it_has() -> None:
    layers = Layers([override(), override(None, "openai"), override(None, None, "gpt")])
    assert [each.selector.names for each in layers.at(Dimension(None, "openai", None))] == [
        (None, None, None),
        (None, "openai", None),
    ]


def test_without_overrides_nothing_holds() -> None:
    assert (NO_LAYERS.at(WEB), len(NO_LAYERS), list(NO_LAYERS)) == ((), 0, [])


decimals = st.decimals("0.00000000000000000001", "0.99999999999999999999", places=20)
values = st.builds(
    Values,
    st.none() | st.booleans(),
    st.none() | decimals,
    st.none() | st.integers(1, 10**9),
    st.none() | st.integers(1, 10**12),
    st.none() | decimals,
    st.none() | st.booleans(),
)


@given(values)
def test_values_come_back_from_their_text_exactly(one: Values) -> None:
    assert override_json.loads(override_json.dumps(one)) == one


def test_no_override_is_an_empty_text() -> None:
    assert (override_json.dumps(None), override_json.loads("")) == ("", None)


@pytest.mark.parametrize("text", ["{", "[1]", "3", '{"target":"much"}', '{"target":0.5e}', '{"enabled":1}'])
def test_a_text_that_is_none_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        override_json.loads(text)
