"""The pure state machine of claim, send, confirm. What both memories share is in tests/adapters/redis/."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.claim import NEVER, NEW, ClaimTerms, Span, State, Verdict, claim, confirm, queue, restore
from o11y.slo.windows import Severity

PAGE, TICKET = Severity.PAGE, Severity.TICKET
TERMS = ClaimTerms(cooldown_ms=900_000, lease_ms=30_000, hold_ms=120_000)
T0 = 1_800_000_000_000


def ask(state: State, severity: Severity = PAGE, *, token: str = "a", at: int = 0) -> tuple[Verdict, State]:  # noqa: S107
    return claim(state, severity, TERMS, token=token, now_ms=T0 + at)


def test_a_new_key_is_claimed_and_another_evaluator_waits_for_it() -> None:
    verdict, state = ask(NEW)
    assert verdict is Verdict.CLAIMED
    assert ask(state, token="b")[0] is Verdict.PENDING


def test_the_cooldown_ends_exactly_when_it_says() -> None:
    state = confirm(ask(NEW)[1], PAGE, token="a", now_ms=T0)
    assert ask(state, token="b", at=899_999)[0] is Verdict.COOLDOWN
    assert ask(state, token="b", at=900_000)[0] is Verdict.CLAIMED


def test_the_severities_of_a_key_cool_down_apart() -> None:
    state = confirm(ask(NEW, TICKET)[1], TICKET, token="a", now_ms=T0)
    assert ask(state, PAGE, token="b")[0] is Verdict.CLAIMED


def test_a_refused_page_claim_still_keeps_the_page_live() -> None:
    state = confirm(ask(NEW)[1], PAGE, token="a", now_ms=T0)
    verdict, state = ask(state, at=600_000)
    assert verdict is Verdict.COOLDOWN
    assert ask(state, TICKET, token="t", at=719_999)[0] is Verdict.INHIBITED
    assert ask(state, TICKET, token="t", at=720_000)[0] is Verdict.CLAIMED


def test_inhibition_is_named_before_the_tickets_own_cooldown() -> None:
    state = confirm(ask(NEW, TICKET)[1], TICKET, token="a", now_ms=T0)
    state = ask(state, PAGE, at=1)[1]
    assert ask(state, TICKET, token="b", at=2)[0] is Verdict.INHIBITED


def test_an_inhibited_ticket_changes_nothing() -> None:
    state = ask(NEW)[1]
    assert ask(state, TICKET, token="t")[1] == state


def test_the_same_token_is_answered_the_same_again() -> None:
    _, crashed = ask(NEW)
    verdict, taken = ask(crashed, token="b", at=30_000)
    assert verdict is Verdict.REPEATED
    assert ask(taken, token="b", at=30_500)[0] is Verdict.REPEATED
    assert ask(NEW, token="a")[0] is ask(crashed, token="a", at=500)[0] is Verdict.CLAIMED


def test_a_lease_that_ran_out_unsettled_is_a_repeat_for_as_long_as_an_outbox_could_tell_it() -> None:
    _, crashed = ask(NEW)
    edge = TERMS.lease_ms + TERMS.outbox_ms
    assert ask(crashed, token="b", at=edge - 1)[0] is Verdict.REPEATED
    assert ask(crashed, token="b", at=edge)[0] is Verdict.CLAIMED


def test_a_late_confirm_starts_the_cooldown_and_leaves_the_new_holder_its_lease() -> None:
    state = ask(ask(NEW)[1], token="b", at=30_000)[1]
    state = confirm(state, PAGE, token="a", now_ms=T0 + 31_000)
    assert state.page.token == "b"
    assert ask(state, token="c", at=32_000)[0] is Verdict.COOLDOWN


def test_what_was_delivered_from_the_outbox_is_not_queued_any_more() -> None:
    state = queue(ask(NEW)[1], PAGE, TERMS, token="a", now_ms=T0)
    assert ask(state, token="b", at=TERMS.lease_ms + 1)[0] is Verdict.QUEUED
    state = confirm(state, PAGE, token="a", now_ms=T0 + 60_000)
    assert state.page.queued == NEVER


def test_a_stamp_too_far_ahead_counts_as_expired() -> None:
    held = ask(NEW, at=60_001)[1]
    told = confirm(held, PAGE, token="a", now_ms=T0 + 60_001)
    queued = queue(held, PAGE, TERMS, token="a", now_ms=T0 + 60_001)
    assert ask(held, token="b", at=0)[0] is Verdict.REPEATED
    assert ask(told, token="b", at=0)[0] is Verdict.CLAIMED
    assert ask(queued, token="b", at=0)[0] is Verdict.CLAIMED
    assert ask(held, TICKET, token="b", at=0)[0] is Verdict.CLAIMED
    assert ask(told, token="b", at=1)[0] is Verdict.COOLDOWN


def test_a_restored_delivery_settles_what_is_older_and_leaves_what_is_newer() -> None:
    queued = queue(ask(NEW)[1], PAGE, TERMS, token="a", now_ms=T0)
    assert restore(queued, PAGE, TERMS, told_at_ms=T0 - TERMS.skew_ms).page.queued == NEVER
    assert restore(queued, PAGE, TERMS, told_at_ms=T0 - TERMS.skew_ms - 1).page.queued == queued.page.queued
    told = confirm(NEW, PAGE, token="a", now_ms=T0)
    assert restore(told, PAGE, TERMS, told_at_ms=T0 - 5).page.told_at_ms == T0
    assert restore(NEW, PAGE, TERMS, told_at_ms=T0).live == Span(T0, T0 + TERMS.hold_ms)


@pytest.mark.parametrize("terms", [{"cooldown_ms": -1}, {"cooldown_ms": 1, "lease_ms": 0}])
def test_terms_reject_nonsense(terms: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="ms"):
        ClaimTerms(**terms)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from([TICKET, PAGE]), st.integers(0, 50_000))))
def test_at_most_one_evaluator_holds_a_key_at_any_time(steps: list[tuple[str, Severity, int]]) -> None:
    state, now, granted = NEW, T0, {PAGE: (T0, ""), TICKET: (T0, "")}
    for token, severity, later in steps:
        now += later
        verdict, state = claim(state, severity, TERMS, token=token, now_ms=now)
        if verdict.granted:
            until, holder = granted[severity]
            assert now >= until or holder == token
            granted[severity] = (now + TERMS.lease_ms, token)


@given(st.lists(st.tuples(st.sampled_from(["claim", "queue", "confirm"]), st.integers(0, 900_000)), max_size=20))
def test_whatever_happens_to_the_ticket_never_delays_the_page(steps: list[tuple[str, int]]) -> None:
    state, now = NEW, T0
    for op, later in steps:
        now += later
        match op:
            case "claim":
                state = claim(state, TICKET, TERMS, token="t", now_ms=now)[1]
            case "queue":
                state = queue(state, TICKET, TERMS, token="t", now_ms=now)
            case "confirm":
                state = confirm(state, TICKET, token="t", now_ms=now)
    assert claim(state, PAGE, TERMS, token="p", now_ms=now)[0] is Verdict.CLAIMED


def test_a_page_that_is_queued_without_a_claim_here_inhibits_its_ticket_once_and_not_with_every_attempt() -> None:
    state = queue(NEW, PAGE, TERMS, token="a", now_ms=T0)
    assert ask(state, TICKET, token="t", at=119_999)[0] is Verdict.INHIBITED
    state = queue(state, PAGE, TERMS, token="a", now_ms=T0 + 60_000)
    assert ask(state, TICKET, token="t", at=120_000)[0] is Verdict.CLAIMED
