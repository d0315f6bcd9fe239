import re

from hypothesis import example, given
from hypothesis import strategies as st

from o11y.alerting.key import alert_key
from o11y.slo.dimension import Dimension

NAMES = st.one_of(
    st.sampled_from(
        ["a", "b", "a:b", ":", "::", "*", "null", "None", "", " ", '"', '","', "[]", "\\", "\u0000", "模型"]
    ),
    st.text(alphabet=':",\\ abé模\u202e', max_size=6),
    st.text(max_size=8),
)
IDENTITIES = st.tuples(NAMES, st.builds(Dimension, st.none() | NAMES, st.none() | NAMES, st.none() | NAMES))


@given(one=IDENTITIES, other=IDENTITIES)
@example(one=("o", Dimension("a:b", "c", "d")), other=("o", Dimension("a", "b:c", "d")))
@example(one=("o:a", Dimension("b", "c", "d")), other=("o", Dimension("a:b", "c", "d")))
@example(one=("o", Dimension('a", "b', "c", "d")), other=("o", Dimension("a", 'b", "c', "d")))
@example(one=("o", Dimension("a b", "c", "d")), other=("o", Dimension("a", "b c", "d")))
@example(one=("o", Dimension("é", "c", "d")), other=("o", Dimension("e\u0301", "c", "d")))
def test_keys_are_equal_exactly_when_objective_and_dimension_are(
    one: tuple[str, Dimension], other: tuple[str, Dimension]
) -> None:
    assert (alert_key(*one) == alert_key(*other)) == (one == other)


@given(name=NAMES)
def test_all_is_never_a_name(name: str) -> None:
    keys = {
        alert_key("o", Dimension(client, provider, model))
        for client in (None, name)
        for provider in (None, name)
        for model in (None, name)
    }
    assert len(keys) == 8


@given(identity=IDENTITIES)
def test_a_key_is_safe_in_any_store_and_stays_the_same(identity: tuple[str, Dimension]) -> None:
    assert re.fullmatch("[0-9a-f]{32}", alert_key(*identity))
    assert alert_key(*identity) == alert_key(*identity)


def test_keys_outlive_a_new_version() -> None:
    """A changed encoding would forget every cooldown at an update."""
    assert alert_key("error-rate", Dimension("gateway", "vendor", None)) == "b86097d5c66ab4a64312d465eb637b13"
