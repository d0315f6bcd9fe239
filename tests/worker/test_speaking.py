"""Which objectives a page of a dimension shows."""

import pytest

from o11y.slo.dimension import Dimension, Scope
from o11y.slo.objective import Match
from o11y.worker.speaking import Speaking, is_evaluated
from tests.builders import dimension, objective

MODEL = objective(name="model")
SPECIFIC = objective(name="specific", match=Match(model="o*"))
PROVIDER = objective(name="provider", scope=Scope.PROVIDER)


@pytest.mark.parametrize(
    ("where", "names"),
    [
        (dimension("gpt"), ["model"]),
        (dimension("o1"), ["specific"]),
        (Dimension(None, "vendor", None), ["provider"]),
        (Dimension("gateway", None, None), []),
        (Dimension("gateway", "vendor", None), ["model", "specific"]),
        (Dimension(None, None, "gpt"), ["model"]),
    ],
)
def test_those_in_force_there_or_those_of_the_parts_of_a_sum(where: Dimension, names: list[str]) -> None:
    speaking = Speaking(lambda: (MODEL, SPECIFIC, PROVIDER))
    assert [each.name for each in speaking.at(where)] == names


def test_changed_objectives_are_seen_at_once() -> None:
    in_force = [(MODEL,)]
    speaking = Speaking(lambda: in_force[0])
    assert speaking.at(dimension()) == (MODEL,)
    in_force[0] = (SPECIFIC,)
    assert speaking.at(dimension("o1")) == (SPECIFIC,)


def test_a_sum_of_two_names_is_not_evaluated() -> None:
    assert is_evaluated(Dimension(None, None, None))
    assert is_evaluated(dimension())
    assert not is_evaluated(Dimension("gateway", "vendor", None))
    assert not is_evaluated(Dimension(None, None, "model"))
