"""The contract of ``AlertMemory``: this process's own and the real one give the same answers."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from subprocess import PIPE, Popen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.memory import RedisMemory
from o11y.alerting import claim as machine
from o11y.alerting.claim import NEW, ClaimTerms, State, Subject, Verdict
from o11y.alerting.key import alert_key
from o11y.slo.dimension import Dimension
from o11y.slo.windows import Severity
from o11y.worker.local_memory import LocalMemory
from o11y.worker.ports import AlertMemory, ToldAlert
from tests.fakes import SteppingClock

PAGE, TICKET = Severity.PAGE, Severity.TICKET
START = datetime(2026, 11, 21, 12, tzinfo=UTC)
T0 = int(START.timestamp() * 1000)
PAGE_TERMS = ClaimTerms(cooldown_ms=900_000, hold_ms=120_000)
TICKET_TERMS = ClaimTerms(cooldown_ms=14_400_000)
ONE = Subject("k", PAGE, PAGE_TERMS)

Scenario = Callable[[AlertMemory], Awaitable[None]]


def terms_of(severity: Severity) -> ClaimTerms:
    return PAGE_TERMS if severity is PAGE else TICKET_TERMS


async def ask(memory: AlertMemory, severity: Severity, token: str, at: int, key: str = "k") -> Verdict:
    (verdict,) = await memory.claim([Subject(key, severity, terms_of(severity))], token=token, now_ms=T0 + at)
    return verdict


@pytest.fixture(params=["local", "redis"])
def play(request: pytest.FixtureRequest, on_redis: Callable[..., None]) -> Callable[[Scenario], None]:
    if request.param == "local":
        return lambda scenario: asyncio.run(scenario(LocalMemory(SteppingClock(START))))  # type: ignore[arg-type]
    return lambda scenario: on_redis(lambda connection: scenario(RedisMemory(connection)))


Play = Callable[[Scenario], None]


def test_a_crash_between_claim_and_confirm_is_told_again_after_the_lease(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        assert await ask(memory, PAGE, "crashed", 0) is Verdict.CLAIMED
        assert await ask(memory, PAGE, "next", 29_999) is Verdict.PENDING
        assert await ask(memory, PAGE, "next", 30_000) is Verdict.REPEATED
        await memory.confirm([ONE], token="next", now_ms=T0 + 31_000)
        assert await ask(memory, PAGE, "third", 60_000) is Verdict.COOLDOWN

    play(scenario)


def test_a_page_inhibits_the_ticket_of_its_dimension_across_ticks(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        await ask(memory, PAGE, "p", 0)
        await memory.confirm([ONE], token="p", now_ms=T0)
        for minute in range(1, 11):
            assert await ask(memory, PAGE, f"p{minute}", minute * 60_000) is Verdict.COOLDOWN
            assert await ask(memory, TICKET, f"t{minute}", minute * 60_000) is Verdict.INHIBITED
        assert await ask(memory, TICKET, "t", 11 * 60_000) is Verdict.INHIBITED
        assert await ask(memory, TICKET, "t", 12 * 60_000) is Verdict.CLAIMED
        assert await ask(memory, TICKET, "other", 0, key="another dimension") is Verdict.CLAIMED

    play(scenario)


def test_a_ticket_never_delays_its_page(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        assert await ask(memory, TICKET, "t", 0) is Verdict.CLAIMED
        assert await ask(memory, PAGE, "p", 0) is Verdict.CLAIMED

    play(scenario)


def test_what_waits_in_the_outbox_is_not_claimed_again(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        await ask(memory, PAGE, "p", 0)
        await memory.queue([ONE], token="p", now_ms=T0)
        assert await ask(memory, PAGE, "q", 3_600_000) is Verdict.QUEUED
        assert await ask(memory, PAGE, "q", PAGE_TERMS.outbox_ms) is Verdict.CLAIMED

    play(scenario)


def test_hostile_names_do_not_collide(play: Play) -> None:
    names = ["a:b", "a", "b:c", 'quo"te', "sp ace", "{tag}", "naïve-模型", "a\\", "*", "null", ""]
    dimensions = [Dimension(client, "p", model) for client in names for model in (*names, None)]

    async def scenario(memory: AlertMemory) -> None:
        for dimension in dimensions:
            assert await ask(memory, PAGE, "p", 0, key=alert_key("errors", dimension)) is Verdict.CLAIMED

    play(scenario)


def test_a_flushed_memory_says_so_and_takes_the_history_back(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        assert await memory.generation() is None
        await memory.restore([ToldAlert("k", PAGE, START)], terms_of)
        marked = await memory.mark_generation()
        assert await memory.mark_generation() == marked
        assert await memory.generation() == marked
        assert await ask(memory, PAGE, "p", 899_999) is Verdict.COOLDOWN
        assert await ask(memory, PAGE, "p", 900_000) is Verdict.CLAIMED

    play(scenario)


def test_a_restored_page_inhibits_and_the_latest_delivery_counts(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        earlier = datetime.fromtimestamp((T0 - 600_000) / 1000, UTC)
        await memory.restore([ToldAlert("k", PAGE, START), ToldAlert("k", PAGE, earlier)], terms_of)
        assert await ask(memory, TICKET, "t", 119_999) is Verdict.INHIBITED
        assert await ask(memory, PAGE, "p", 899_999) is Verdict.COOLDOWN

    play(scenario)


@pytest.mark.parametrize("lag_ms", [0, 59_999])
def test_a_restored_delivery_settles_its_own_queue_also_when_the_tellers_clock_lags(play: Play, lag_ms: int) -> None:
    async def scenario(memory: AlertMemory) -> None:
        await ask(memory, PAGE, "p", 0)
        await memory.queue([ONE], token="p", now_ms=T0)
        await memory.restore([ToldAlert("k", PAGE, START - timedelta(milliseconds=lag_ms))], terms_of)
        assert await ask(memory, PAGE, "q", 60_000) is Verdict.COOLDOWN
        assert await ask(memory, PAGE, "q", 900_000) is Verdict.CLAIMED

    play(scenario)


def test_what_waited_is_queued_again_unless_it_was_told_since(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        await memory.restore_queued([ONE], queued_at_ms=T0)
        assert await ask(memory, PAGE, "p", 1_000) is Verdict.QUEUED
        assert await ask(memory, PAGE, "p", PAGE_TERMS.outbox_ms) is Verdict.CLAIMED
        other = Subject("other", PAGE, PAGE_TERMS)
        await memory.confirm([other], token="somebody", now_ms=T0 + 5_000)
        await memory.restore_queued([other], queued_at_ms=T0)
        assert await ask(memory, PAGE, "p", 900_000 + 5_000, key="other") is Verdict.CLAIMED

    play(scenario)


def test_a_page_that_is_queued_again_holds_its_ticket_from_then_on(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        await memory.restore_queued([ONE], queued_at_ms=T0)
        assert await ask(memory, TICKET, "t", 119_999) is Verdict.INHIBITED
        assert await ask(memory, TICKET, "t", 120_000) is Verdict.CLAIMED

    play(scenario)


def test_without_a_given_time_the_memorys_own_clock_counts(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        assert await memory.claim([ONE], token="a", now_ms=None) == [Verdict.CLAIMED]
        assert await memory.claim([ONE], token="b", now_ms=None) == [Verdict.PENDING]
        await memory.confirm([ONE], token="a", now_ms=None)
        assert await memory.claim([ONE], token="b", now_ms=None) == [Verdict.COOLDOWN]

    play(scenario)


def test_a_local_memory_forgets_the_key_longest_untouched() -> None:
    async def scenario() -> None:
        memory = LocalMemory(SteppingClock(START), max_keys=2)
        for key in ("old", "new", "newest"):
            await ask(memory, PAGE, "p", 0, key=key)
        assert await ask(memory, PAGE, "q", 0, key="newest") is Verdict.PENDING
        assert await ask(memory, PAGE, "q", 0, key="old") is Verdict.CLAIMED

    asyncio.run(scenario())


# ---------------------------------------------------------------- the script against the pure machine

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "claim", "claim", "queue", "confirm", "restore", "restore_queued"]),
        st.sampled_from([PAGE, TICKET]),
        st.sampled_from(["a", "b"]),
        st.sampled_from([-70, -60, -1, 0, 1, 5, 9, 10, 30, 60, 100, 240]),
    ),
    min_size=1,
    max_size=25,
)
SHORT = ClaimTerms(cooldown_ms=100, lease_ms=10, hold_ms=30, outbox_ms=240, skew_ms=60)
_keys = count()


def pure(state: State, op: str, severity: Severity, token: str, now: int) -> tuple[str, State]:
    match op:
        case "claim":
            return machine.claim(state, severity, SHORT, token=token, now_ms=now)
        case "queue":
            return "ok", machine.queue(state, severity, SHORT, token=token, now_ms=now)
        case "confirm":
            return "ok", machine.confirm(state, severity, token=token, now_ms=now)
        case "restore_queued":
            return "ok", machine.restore_queued(state, severity, SHORT, queued_at_ms=now)
    return "ok", machine.restore(state, severity, SHORT, told_at_ms=now)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_script_and_pure_machine_agree_on_any_history(
    redis_url: str, steps: list[tuple[str, Severity, str, int]]
) -> None:
    async def scenario() -> None:
        connection = RedisConnection(redis_url, monotonic=time.monotonic)
        memory, key, state, now = RedisMemory(connection), f"history-{next(_keys)}", NEW, T0
        try:
            for op, severity, token, later in steps:
                now += later
                expected, state = pure(state, op, severity, token, now)
                answers = await memory._alerts(op, [Subject(key, severity, SHORT)], token=token, now_ms=now)
                assert answers == [expected], (op, severity, token, now - T0)
        finally:
            await connection.close()

    asyncio.run(scenario())


# ---------------------------------------------------------------- many at once


def test_fifty_evaluators_claim_once(on_redis: Callable[..., None]) -> None:
    async def scenario(*connections: RedisConnection) -> None:
        memories = [RedisMemory(connection) for connection in connections]
        claims = (memory.claim([ONE], token=str(number), now_ms=None) for number, memory in enumerate(memories))
        verdicts = await asyncio.gather(*claims)
        assert sorted(verdict for (verdict,) in verdicts) == [Verdict.CLAIMED] + 49 * [Verdict.PENDING]

    on_redis(scenario, connections=50)


PROCESS = """
import asyncio, sys, time
from o11y.adapters.redis.connection import RedisConnection
from o11y.adapters.redis.memory import RedisMemory
from o11y.alerting.claim import ClaimTerms, Subject
from o11y.slo.windows import Severity

async def main(url, token):
    connection = RedisConnection(url, monotonic=time.monotonic)
    await connection.ping()
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(100):
        subject = Subject(f"k{number}", Severity.PAGE, ClaimTerms(cooldown_ms=900_000))
        (verdict,) = await RedisMemory(connection).claim([subject], token=token, now_ms=None)
        if verdict.granted:
            print(number, flush=True)
    await connection.close()

asyncio.run(main(*sys.argv[1:]))
"""


def test_processes_that_race_claim_each_key_once(redis_url: str, flush: Callable[[], None]) -> None:
    flush()
    racers = [
        Popen([sys.executable, "-c", PROCESS, redis_url, f"token-{number}"], stdin=PIPE, stdout=PIPE, text=True)
        for number in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    claimed = [int(line) for racer in racers for line in racer.communicate(timeout=30)[0].split()]
    assert sorted(claimed) == list(range(100))


def test_a_thousand_claims_are_answered_in_their_order(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        await ask(memory, PAGE, "earlier", 0, key="k700")
        subjects = [Subject(f"k{number}", PAGE, PAGE_TERMS) for number in range(1000)]
        verdicts = await memory.claim(subjects, token="tick", now_ms=T0)
        assert [number for number, verdict in enumerate(verdicts) if verdict is Verdict.PENDING] == [700]
        assert list(verdicts).count(Verdict.CLAIMED) == 999
        await memory.confirm(subjects, token="tick", now_ms=T0)
        assert set(await memory.claim(subjects, token="next", now_ms=T0 + 60_000)) == {Verdict.COOLDOWN}

    play(scenario)


def test_no_claims_are_no_answers(play: Play) -> None:
    async def scenario(memory: AlertMemory) -> None:
        assert list(await memory.claim([], token="tick", now_ms=T0)) == []

    play(scenario)
