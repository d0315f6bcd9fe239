"""Guessing tokens: five a minute are free, and all memory of it is bounded."""

from o11y.web.throttle import MOST_PEERS, Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def throttle() -> tuple[Throttle, Clock]:
    clock = Clock()
    return Throttle(clock), clock


def fail(guarded: Throttle, times: int, address: str = "192.0.2.1") -> None:
    for _ in range(times):
        guarded.failed(address)


def test_five_failures_pause_an_address_for_a_minute_and_no_other() -> None:
    guarded, clock = throttle()
    fail(guarded, 4)
    assert guarded.wait_s("192.0.2.1") == 0
    fail(guarded, 1)
    assert guarded.wait_s("192.0.2.1") == 60
    assert guarded.wait_s("192.0.2.2") == 0
    clock.now += 59
    assert guarded.wait_s("192.0.2.1") == 1
    clock.now += 1
    assert guarded.wait_s("192.0.2.1") == 0


def test_each_failure_after_it_pauses_twice_as_long_up_to_fifteen_minutes() -> None:
    guarded, clock = throttle()
    fail(guarded, 5)
    pauses = []
    for _ in range(6):
        clock.now += guarded.wait_s("192.0.2.1")
        guarded.failed("192.0.2.1")
        pauses.append(guarded.wait_s("192.0.2.1"))
    assert pauses == [120, 240, 480, 900, 900, 900]


def test_after_a_long_time_without_a_failure_the_past_is_forgotten() -> None:
    guarded, clock = throttle()
    fail(guarded, 5)
    clock.now += 60 + 901
    guarded.failed("192.0.2.1")
    assert guarded.wait_s("192.0.2.1") == 0
    fail(guarded, 4)
    assert guarded.wait_s("192.0.2.1") == 60


def test_failures_slower_than_five_a_minute_are_free() -> None:
    guarded, clock = throttle()
    for _ in range(20):
        guarded.failed("192.0.2.1")
        clock.now += 15.1
    assert guarded.wait_s("192.0.2.1") == 0


def test_who_knew_a_token_starts_anew() -> None:
    guarded, _ = throttle()
    fail(guarded, 4)
    guarded.passed("192.0.2.1")
    fail(guarded, 4)
    assert guarded.wait_s("192.0.2.1") == 0


def test_sixty_failures_a_minute_of_all_together_pause_everybody() -> None:
    guarded, clock = throttle()
    for i in range(60):
        guarded.failed(f"192.0.2.{i}")
        clock.now += 0.5
    assert guarded.wait_s("198.51.100.1") == 30
    clock.now += 30
    assert guarded.wait_s("198.51.100.1") == 0


def test_neighbours_in_an_ipv6_network_are_one_and_a_mapped_ipv4_address_is_itself() -> None:
    guarded, _ = throttle()
    for i in range(5):
        guarded.failed(f"2001:db8::{i}")
    assert guarded.wait_s("2001:db8::ffff") == 60
    assert guarded.wait_s("2001:db8:0:1::1") == 0
    fail(guarded, 5, "::ffff:192.0.2.1")
    assert guarded.wait_s("192.0.2.1") == 60


def test_however_many_addresses_fail_only_so_many_are_remembered() -> None:
    guarded, clock = throttle()
    for i in range(MOST_PEERS + 50):
        guarded.failed(f"peer {i}")
        clock.now += 2
    assert len(guarded) == MOST_PEERS
