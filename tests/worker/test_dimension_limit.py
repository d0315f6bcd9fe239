from datetime import datetime, timedelta

from o11y.slo.dimension import Dimension
from o11y.worker.dimension_limit import DimensionLimit
from tests.builders import NOW

DAY = timedelta(hours=24)


def admit(
    limit: DimensionLimit, model: str, *, client: str = "gateway", provider: str = "v", now: datetime = NOW
) -> str:
    """The provider and the model under which it is kept."""
    return " ".join(limit.admit(client, (provider, model), now=now))


def test_the_first_dimensions_are_kept_and_the_next_becomes_other() -> None:
    limit = DimensionLimit(2)
    assert [admit(limit, name) for name in ("a", "b", "c", "a")] == ["v a", "v b", "v other", "v a"]
    assert limit.folded == {"gateway": 1}


def test_clients_do_not_share_a_limit() -> None:
    limit = DimensionLimit(1)
    admit(limit, "a")
    assert admit(limit, "b", client="second") == "v b"


def test_a_dimension_unseen_for_a_day_frees_its_place() -> None:
    limit = DimensionLimit(2)
    admit(limit, "old")
    admit(limit, "busy")
    admit(limit, "busy", now=NOW + DAY)
    assert admit(limit, "new", now=NOW + DAY) == "v new"
    assert admit(limit, "old", now=NOW + DAY) == "v other"


def test_a_flood_of_new_providers_is_folded_too() -> None:
    limit = DimensionLimit(1)
    admit(limit, "a")
    assert {admit(limit, "b", provider=f"p{n}") for n in range(50)} == {"other other"}


def test_dimensions_open_before_a_restart_keep_their_place() -> None:
    limit = DimensionLimit(2)
    limit.seed([Dimension("gateway", "v", name) for name in "abc"], now=NOW)
    assert [admit(limit, name) for name in ("b", "d", "c")] == ["v b", "v other", "v other"]


def test_with_one_other_for_each_known_provider_a_client_has_at_most_twice_its_limit() -> None:
    limit = DimensionLimit(10)
    kept = {admit(limit, f"m{n}", provider=f"p{n}") for n in range(10)}
    kept |= {admit(limit, f"x{n}", provider=f"p{n % 20}") for n in range(1_000)}
    assert len(kept) == 10 + 10 + 1


def test_a_provider_is_known_as_long_as_one_of_its_dimensions_is() -> None:
    limit = DimensionLimit(2)
    admit(limit, "a", provider="gone")
    admit(limit, "b", provider="stays")
    admit(limit, "b", provider="stays", now=NOW + DAY)
    assert admit(limit, "c", provider="new", now=NOW + DAY) == "new c"
    assert admit(limit, "d", provider="gone", now=NOW + DAY) == "other other"
    assert admit(limit, "d", provider="stays", now=NOW + DAY) == "stays other"
    assert admit(limit, "d", provider="new", now=NOW + DAY) == "new other"


def test_it_knows_how_many_are_open() -> None:
    limit = DimensionLimit(2)
    for name in "abc":
        admit(limit, name)
    assert limit.open == 2
