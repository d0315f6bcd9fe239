"""The silence of an incident: about what it is about, and once however often it is asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from o11y.alerting.incident import Cause
from o11y.alerting.incident_silence import UNTIL_RESOLVED_AT_MOST, lasting, matchers_of, wanted
from o11y.alerting.silence import Silence, Silences, labels_of
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from tests.builders import NOW, alert, dimension, objective

HOUR = 3_600
SINGLE = Cause(dimension(), Indicator.ERROR_RATE)
PROVIDER = Cause(Dimension(None, "vendor", None), Indicator.ERROR_RATE)
MATCHERS = matchers_of(SINGLE, ["error-rate"])


def made(*, seconds: int | None = HOUR, listed: tuple[Silence, ...] = (), by: str = "ann", at: float = 0) -> Silence:
    return wanted("i-1", MATCHERS, listed=listed, by=by, now=NOW + timedelta(seconds=at), seconds=seconds)


def test_of_a_single_dimension_its_objective_is_silenced_and_no_other() -> None:
    muting = Silences([made()]).muting
    assert muting(labels_of(alert()), NOW) is not None
    assert muting(labels_of(alert(objective=objective(name="other"))), NOW) is None
    assert muting(labels_of(alert(dimension=dimension("vendor/other"))), NOW) is None


def test_of_several_objectives_their_indicator_is() -> None:
    assert str(matchers_of(SINGLE, ["p50", "p90"])[0]) == 'indicator="error_rate"'


def test_of_a_provider_every_part_is_silenced_and_no_other_indicator() -> None:
    assert [str(m) for m in matchers_of(PROVIDER, ["error-rate"])] == ['indicator="error_rate"', 'provider="vendor"']


def test_of_everything_the_indicator_is() -> None:
    everything = Cause(Dimension(None, None, None), Indicator.LATENCY)
    assert [str(m) for m in matchers_of(everything, [])] == ['indicator="latency"']


@pytest.mark.parametrize("seconds", [HOUR, 4 * HOUR, None])
def test_two_who_want_the_same_at_once_want_one(seconds: int | None) -> None:
    ann, bob = made(seconds=seconds), made(seconds=seconds, by="bob", at=1)
    assert ann.silence_id == bob.silence_id
    assert lasting([ann], "i-1", now=NOW + timedelta(seconds=1), seconds=seconds) == ann


def test_a_longer_one_is_another() -> None:
    hour = made()
    assert lasting([hour], "i-1", now=NOW, seconds=4 * HOUR) is None
    assert lasting([hour], "i-1", now=NOW, seconds=None) is None
    assert made(seconds=4 * HOUR, listed=(hour,)).silence_id != hour.silence_id


@pytest.mark.parametrize("seconds", [HOUR, 4 * HOUR])
def test_one_until_the_end_is_as_long_as_any(seconds: int) -> None:
    endless = made(seconds=None)
    assert lasting([endless], "i-1", now=NOW, seconds=seconds) == endless


def test_one_that_is_over_or_was_ended_is_made_anew_under_another_id() -> None:
    hour = made()
    later = NOW + timedelta(hours=2)
    assert lasting([hour], "i-1", now=later, seconds=HOUR) is None
    ended = replace(hour, expired_at=NOW + timedelta(minutes=1), expired_by="bob")
    assert lasting([ended], "i-1", now=NOW + timedelta(minutes=2), seconds=HOUR) is None
    assert made(listed=(ended,), at=120).silence_id not in (hour.silence_id, made(seconds=None).silence_id)


def test_half_an_hour_later_an_hour_is_an_hour_from_then() -> None:
    assert lasting([made()], "i-1", now=NOW + timedelta(minutes=30), seconds=HOUR) is None


def test_silences_of_others_are_not_taken_for_its_own() -> None:
    other = wanted("i-2", MATCHERS, listed=(), by="ann", now=NOW, seconds=None)
    assert lasting([other], "i-1", now=NOW, seconds=HOUR) is None


def test_only_one_until_the_end_is_tied_to_the_incident_and_none_lasts_for_ever() -> None:
    assert made().incident_id is None
    assert made(seconds=None).incident_id == "i-1"
    assert made(seconds=None).ends_at == NOW + UNTIL_RESOLVED_AT_MOST
    assert made().ends_at == NOW + timedelta(hours=1)


def test_its_name_says_how_long_and_by_whom() -> None:
    assert made().name == "'for 1 h' by ann"
    assert made(seconds=None).name == "'until it is resolved' by ann"
