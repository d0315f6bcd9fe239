from datetime import timedelta

from o11y.worker.client_clocks import FAR_OFF, ClientClocks, Seen
from tests.builders import NOW

SECOND = timedelta(seconds=1)


def test_each_client_is_counted_by_how_far_its_events_are_from_their_arrival() -> None:
    clocks = ClientClocks()
    clocks.saw("a", NOW + FAR_OFF + SECOND, now=NOW)
    clocks.saw("a", NOW - FAR_OFF - SECOND, now=NOW, events=3)
    clocks.saw("a", NOW, now=NOW)
    clocks.refused("b")
    taken = clocks.take()
    assert taken == {"a": Seen(events=5, ahead=1, behind=3), "b": Seen(events=1, refused=1)}
    assert taken["a"].off == 4


def test_what_was_taken_is_not_counted_again() -> None:
    clocks = ClientClocks()
    clocks.refused("a")
    clocks.take()
    assert clocks.take() == {}
