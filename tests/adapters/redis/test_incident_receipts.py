"""The contract of ``IncidentStore``: what is known of an incident's messages, from the first to its end."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from o11y.alerting.book import Book
from o11y.alerting.incident import UNDELIVERED, Change, Delivered, Thread
from o11y.alerting.notification import message_id
from o11y.slo.windows import Severity
from o11y.worker.ports import Acknowledgement, Kept, Receipt
from tests.adapters.redis.incident_stores import (
    MINUTE,
    STORES,
    THREAD,
    Play,
    Shared,
    entry,
    playing,
    version,
    waiting,
)
from tests.builders import NOW, incident


@pytest.fixture(params=STORES)
def play(request: pytest.FixtureRequest, on_redis: Callable[..., None]) -> Play:
    return playing(request.param, on_redis)


def test_nothing_is_known_of_messages_before_one_is_received(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        await shared.incidents.commit(version(1), expected=None)
        assert await shared.incidents.delivery_of("i-1") == UNDELIVERED
        assert (await shared.incidents.load()).delivery_of("i-1") == UNDELIVERED

    play(scenario)


def test_receipts_add_to_what_is_known(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        await shared.incidents.commit(version(1), expected=None)
        await shared.incidents.receive(Receipt("i-1", Severity.PAGE, NOW, pages=True, thread=THREAD))
        later = NOW + timedelta(minutes=3, microseconds=5)
        await shared.incidents.receive(Receipt("i-1", Severity.PAGE, later, pages=False))
        thread = Thread("C2", "18.5")
        await shared.incidents.receive(Receipt("i-1", Severity.TICKET, later, pages=False, thread=thread))
        known = Delivered(told_at=later, paged_at=NOW, threads={"page": THREAD, "ticket": thread})
        assert await shared.incidents.delivery_of("i-1") == known
        assert (await shared.incidents.load()).delivered == {"i-1": known}
        await shared.incidents.receive(Receipt("i-1", Severity.PAGE, later, pages=True, thread=thread))
        assert (await shared.incidents.delivery_of("i-1")).threads["page"] == thread

    play(scenario)


def test_whoever_acknowledges_first_stays(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        incidents, later = shared.incidents, NOW + MINUTE
        await incidents.commit(version(1), expected=None)
        await incidents.receive(Receipt("i-1", Severity.PAGE, NOW, pages=True, thread=THREAD))
        for first in (True, True):  # asked again, it was still the first
            assert await incidents.acknowledge("i-1", by="ann", at=NOW) == Acknowledgement("ann", NOW, first=first)
        assert await incidents.acknowledge("i-1", by="bob", at=NOW) == Acknowledgement("ann", NOW, first=False)
        assert await incidents.acknowledge("i-1", by="ann", at=later) == Acknowledgement("ann", NOW, first=False)
        known = await incidents.delivery_of("i-1")
        assert (known.acknowledged_by, known.acknowledged_at) == ("ann", NOW)
        assert (known.paged_at, known.threads) == (NOW, {"page": THREAD})
        assert (await incidents.load()).delivered == {"i-1": known}

    play(scenario)


def test_nobody_acknowledges_an_incident_that_is_not_there(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        assert await shared.incidents.acknowledge("i-1", by="ann", at=NOW) is None
        assert (await shared.incidents.load()).delivered == {}

    play(scenario)


@pytest.mark.parametrize("anew", [True, False])
def test_an_acknowledgement_holds_until_a_change_that_asks_for_another(play: Play, anew: bool) -> None:
    async def scenario(shared: Shared) -> None:
        incidents = shared.incidents
        await incidents.commit(version(1), expected=None, anew=anew)  # there is none yet
        await incidents.receive(Receipt("i-1", Severity.PAGE, NOW, pages=True, thread=THREAD))
        await incidents.acknowledge("i-1", by="ann", at=NOW)
        assert await incidents.commit(version(2, reopened=1), expected=3, anew=True) is Kept.STALE
        assert (await incidents.delivery_of("i-1")).acknowledged_by == "ann"
        await incidents.commit(version(2), expected=1, anew=anew)
        left = Delivered(NOW, NOW, {"page": THREAD}, *((None, None) if anew else ("ann", NOW)))
        assert await incidents.delivery_of("i-1") == left
        await incidents.acknowledge("i-1", by="bob", at=NOW)
        await incidents.commit(version(2), expected=1, anew=anew)  # asked again
        await incidents.commit(version(3), expected=2)
        assert (await incidents.delivery_of("i-1")).acknowledged_by == ("bob" if anew else "ann")

    play(scenario)


def test_what_is_forgotten_leaves_nothing_behind_but_its_messages_on_the_way(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        one, two, three, unheard_of = (incident(incident_id=f"i-{number}") for number in (1, 2, 3, 4))
        for number, known in enumerate((one, two, three), 1):
            await shared.incidents.commit(known, expected=None, entry=entry(f"n-{number}"))
            for severity in Severity:
                await shared.incidents.receive(Receipt(known.incident_id, severity, NOW, pages=True, thread=THREAD))
            await shared.incidents.acknowledge(known.incident_id, by="ann", at=NOW)
        await shared.incidents.forget([])
        await shared.incidents.forget([one, three, unheard_of])
        book = await shared.incidents.load()
        assert list(book.incidents) == list(book.delivered) == ["i-2"]
        assert await shared.incidents.last_message("i-1") is None
        assert await shared.incidents.delivery_of("i-3") == UNDELIVERED
        assert await shared.incidents.commit(version(2), expected=1) is Kept.STALE
        assert await waiting(shared.outbox) == ["n-1", "n-2", "n-3"]

    play(scenario)


def test_an_incident_that_has_changed_since_it_was_seen_to_be_over_is_not_forgotten(play: Play) -> None:
    """Another evaluator has just reopened it."""

    async def scenario(shared: Shared) -> None:
        await shared.incidents.commit(version(1), expected=None)
        await shared.incidents.commit(version(2), expected=1, entry=entry("reopened", Change.REOPENED))
        await shared.incidents.receive(Receipt("i-1", Severity.PAGE, NOW, pages=True))
        await shared.incidents.forget([version(1)])
        assert await shared.incidents.load() == Book({"i-1": version(2)}, {"i-1": Delivered(NOW, NOW)})
        assert message_id(await shared.incidents.last_message("i-1")) == "reopened"

    play(scenario)


def test_what_is_received_of_an_incident_that_was_forgotten_goes_with_the_next(play: Play) -> None:
    async def scenario(shared: Shared) -> None:
        for known in (version(1), incident(incident_id="i-2")):
            await shared.incidents.commit(known, expected=None)
            await shared.incidents.forget([known])
            await shared.incidents.receive(Receipt(known.incident_id, Severity.PAGE, NOW, pages=True, thread=THREAD))
        assert list((await shared.incidents.load()).delivered) == ["i-2"]

    play(scenario)
