"""The contract of ``IncidentStore``, for the fake and for the real one: steps, and the messages that tell of them."""

from collections.abc import Callable

import pytest

from o11y.alerting.book import Book
from o11y.alerting.incident import Change
from o11y.alerting.notification import message_id
from o11y.slo.windows import Severity
from o11y.worker.ports import Kept, OutboxEntry, Receipt
from tests.adapters.redis.incident_stores import STORES, Play, Shared, entry, playing, version, waiting
from tests.builders import NOW, PAGE_5M, incident, member


@pytest.fixture(params=STORES)
def play(request: pytest.FixtureRequest, on_redis: Callable[..., None]) -> Play:
    return playing(request.param, on_redis)


# ---------------------------------------------------------------- one step, kept once


def test_what_is_committed_is_loaded(play: Play) -> None:
    other = incident(member(key="k-2", pair=PAGE_5M), incident_id="i-2")

    async def scenario(shared: Shared) -> None:
        assert await shared.incidents.load() == Book({}, {})
        assert await shared.incidents.commit(version(1), expected=None) is Kept.STORED
        assert await shared.incidents.commit(other, expected=None) is Kept.STORED
        assert await shared.incidents.load() == Book({"i-1": version(1), "i-2": other}, {})

    play(scenario)


def test_the_next_version_takes_the_place_of_the_one_that_was_expected(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        await shared.incidents.commit(version(1), expected=None)
        assert await shared.incidents.commit(version(2), expected=1) is Kept.STORED
        assert (await shared.incidents.load()).incidents == {"i-1": version(2)}

    play(scenario)


@pytest.mark.parametrize("expected", [None, 0, 1, 3, 20])
def test_of_two_writers_the_second_changes_nothing(play: Play, expected: int | None) -> None:
    async def scenario(shared: Shared) -> None:
        await shared.incidents.commit(version(1), expected=None)
        await shared.incidents.commit(version(2), expected=1, entry=entry("first"))
        late = version(3, reopened=7)
        assert await shared.incidents.commit(late, expected=expected, entry=entry("second")) is Kept.STALE
        assert await shared.incidents.commit(late, expected=expected) is Kept.STALE
        assert (await shared.incidents.load()).incidents == {"i-1": version(2)}
        assert await waiting(shared.outbox) == ["first"]
        assert message_id(await shared.incidents.last_message("i-1")) == "first"

    play(scenario)


def test_what_was_decided_on_the_whole_book_is_kept_only_while_nothing_else_in_it_has_changed(play: Play) -> None:
    mine = incident(incident_id="i-2", version=1)

    async def scenario(shared: Shared) -> None:
        await shared.incidents.commit(version(1), expected=None, revision=0)
        seen = (await shared.incidents.load()).revision
        await shared.incidents.commit(version(2), expected=1, entry=entry("somebody else's"))
        assert await shared.incidents.commit(mine, expected=None, entry=entry("mine"), revision=seen) is Kept.STALE
        assert (await shared.incidents.load()).incidents == {"i-1": version(2)}
        assert await waiting(shared.outbox) == ["somebody else's"]
        seen = (await shared.incidents.load()).revision
        assert await shared.incidents.commit(mine, expected=None, revision=seen) is Kept.STORED
        assert await shared.incidents.commit(mine, expected=None, revision=seen) is Kept.STORED, "asked again"

    play(scenario)


def test_each_incident_that_is_kept_makes_the_revision_one_more_and_nothing_else_does(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        first = (await shared.incidents.load()).revision
        await shared.incidents.commit(version(1), expected=None)
        await shared.incidents.commit(version(1), expected=None)
        await shared.incidents.commit(version(3), expected=2)
        await shared.incidents.receive(Receipt("i-1", Severity.PAGE, NOW, pages=True))
        await shared.incidents.acknowledge("i-1", by="ann", at=NOW)
        assert (await shared.incidents.load()).revision == first + 1

    play(scenario)


def test_an_incident_that_is_gone_is_not_continued(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        assert await shared.incidents.commit(version(2), expected=1, entry=entry()) is Kept.STALE
        assert await shared.incidents.load() == Book({}, {})
        assert await shared.outbox.size() == 0

    play(scenario)


def test_asked_again_a_commit_is_the_same_commit(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        for _ in range(3):
            assert await shared.incidents.commit(version(1), expected=None, entry=entry()) is Kept.STORED
        for _ in range(3):
            assert await shared.incidents.commit(version(2), expected=1) is Kept.STORED
        assert await shared.incidents.commit(version(1), expected=None, entry=entry()) is Kept.STALE
        assert await shared.outbox.size() == 1

    play(scenario)


def test_asked_again_after_its_message_was_delivered_it_is_not_to_be_sent_once_more(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        await shared.incidents.commit(version(1), expected=None, entry=entry())
        await shared.outbox.done("n-1")
        assert await shared.incidents.commit(version(1), expected=None, entry=entry()) is Kept.STALE
        assert await waiting(shared.outbox) == []
        assert (await shared.incidents.load()).incidents == {"i-1": version(1)}

    play(scenario)


# ---------------------------------------------------------------- its message, and the turn of that


def test_a_message_waits_in_the_outbox_from_the_moment_that_its_incident_is_kept(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        put = entry()
        assert await shared.incidents.commit(version(1), expected=None, entry=put) is Kept.STORED
        assert list(await shared.outbox.take_due(now=NOW, lease_s=30)) == [put]

    play(scenario)


def test_a_message_is_behind_what_is_older_or_more_urgent_for_the_same_receiver(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        async def commit(put: OutboxEntry) -> Kept:
            kept = (await shared.incidents.load()).incidents.get("i-1", version(0))
            expected = kept.version or None
            return Kept(await shared.incidents.commit(version(kept.version + 1), expected=expected, entry=put))

        ticket = entry("ticket", to=Severity.TICKET, minute=-9)
        assert await commit(ticket) is Kept.STORED
        assert await commit(entry("end", Change.RESOLVED, minute=-3)) is Kept.STORED
        assert await commit(entry("update", Change.JOINED, minute=2)) is Kept.STORED
        assert await commit(entry("later update", Change.WORSENED, minute=3)) is Kept.BEHIND
        assert await commit(entry("page", minute=5)) is Kept.STORED
        assert await commit(entry("older page", Change.ESCALATED, minute=4)) is Kept.STORED
        assert await commit(entry("later page", minute=6)) is Kept.BEHIND
        order = ["older page", "page", "later page", "update", "later update", "end", "ticket"]
        assert await waiting(shared.outbox) == order

    play(scenario)


def test_the_newest_message_of_an_incident_is_remembered_whatever_became_of_it(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        assert await shared.incidents.last_message("i-1") is None
        await shared.incidents.commit(version(1), expected=None, entry=entry("first"))
        await shared.incidents.commit(version(2), expected=1, entry=entry("second", Change.JOINED))
        await shared.incidents.commit(version(3), expected=2)
        await shared.outbox.done("second")
        assert await shared.incidents.last_message("i-1") == entry("second", Change.JOINED).notification
        assert await shared.incidents.last_message("i-2") is None

    play(scenario)


# ---------------------------------------------------------------- generations


def test_a_generation_lasts_once_it_is_marked(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        assert await shared.incidents.generation() is None
        marked = await shared.incidents.mark_generation()
        assert await shared.incidents.generation() == marked
        assert await shared.incidents.mark_generation() == marked

    play(scenario)
