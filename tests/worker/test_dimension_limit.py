from datetime import timedelta

from o11y.slo.dimension import Dimension
from o11y.worker.dimension_limit import DimensionLimit
from tests.builders import NOW

DAY = timedelta(hours=24)


def model(name: str, *, client: str = "gateway", provider: str = "vendor") -> Dimension:
    return Dimension(client, provider, name)


def test_the_first_dimensions_are_kept_and_the_next_becomes_other() -> None:
    limit = DimensionLimit(2)
    assert [limit.admit(model(name), now=NOW).model for name in ("a", "b", "c", "a")] == ["a", "b", "other", "a"]
    assert limit.folded == {"gateway": 1}


def test_clients_do_not_share_a_limit() -> None:
    limit = DimensionLimit(1)
    limit.admit(model("a"), now=NOW)
    assert limit.admit(model("b", client="second"), now=NOW).model == "b"


def test_a_dimension_unseen_for_a_day_frees_its_place() -> None:
    limit = DimensionLimit(2)
    limit.admit(model("old"), now=NOW)
    limit.admit(model("busy"), now=NOW)
    limit.admit(model("busy"), now=NOW + DAY)
    assert limit.admit(model("new"), now=NOW + DAY).model == "new"
    assert limit.admit(model("old"), now=NOW + DAY).model == "other"


def test_a_flood_of_new_providers_is_folded_too() -> None:
    limit = DimensionLimit(1)
    limit.admit(model("a"), now=NOW)
    admitted = {limit.admit(model("b", provider=f"p{n}"), now=NOW) for n in range(50)}
    assert admitted == {Dimension("gateway", "other", "other")}


def test_dimensions_open_before_a_restart_keep_their_place() -> None:
    limit = DimensionLimit(2)
    limit.seed([model("a"), model("b"), model("c")], now=NOW)
    assert [limit.admit(model(name), now=NOW).model for name in ("b", "d", "c")] == ["b", "other", "other"]
