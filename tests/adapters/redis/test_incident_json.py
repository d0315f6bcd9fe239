"""An incident that is kept is read back as it was, by this version and as far as possible by others."""

import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from o11y.adapters.redis import incident_json
from o11y.alerting.incident import Cause, Change, Extent, Incident, Level, Member, Phase, Told
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity, WindowPair
from tests.builders import incident, member

names = st.text(max_size=12)
maybe = st.none() | names
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))]))
maybe_then = st.none() | moments
counts = st.integers(0, 2**60)
rates = st.decimals("0", "1000000", places=20)
severities = st.sampled_from(Severity)
dimensions = st.builds(Dimension, maybe, maybe, maybe)
ratios = st.builds(lambda bad, good: Ratio(bad, bad + good), counts, counts)
pairs = st.builds(
    lambda severity, short, more, burn: WindowPair(severity, (short + more) * 10, short * 10, burn),
    severities, st.integers(1, 99), st.integers(1, 99), st.decimals("0.001", "1000", places=20),
)  # fmt: skip
members = st.builds(
    Member, names, names, dimensions, severities, pairs, ratios, ratios, moments, moments, rates, rates, moments,
    well_at=maybe_then, told=st.none() | severities, muted=names, was_muted=st.booleans(), silence=names,
    lowered_because=maybe, spoken_for=st.booleans(), ticket_held=st.booleans(),
)  # fmt: skip
tellings = st.builds(
    Told, st.sampled_from(Change), moments, severities, counts, rates, joined_at=maybe_then, urged_at=maybe_then
)
several = st.lists(names, max_size=2).map(tuple)
of_all = st.tuples(counts, counts)
extents = st.builds(Extent, counts, counts, of_all, of_all, of_all, several, counts, names, several, counts, names)
levels = st.builds(Level, moments, rates)
incidents = st.builds(
    Incident, names, st.builds(Cause, dimensions, st.sampled_from(Indicator)),
    st.lists(members, min_size=1, max_size=4).map(tuple), moments, moments, st.sampled_from(Phase),
    st.none() | tellings, maybe_then, maybe_then, counts, counts, st.none() | extents, names, st.none() | levels,
)  # fmt: skip


@settings(deadline=None)
@given(incidents)
def test_an_incident_is_read_back_as_it_was(kept: Incident) -> None:
    text = incident_json.dumps(kept)
    read = incident_json.loads(text)
    assert read == kept
    assert incident_json.dumps(read) == text
    assert "\n" not in text


def test_decimals_are_exact_and_types_are_ours() -> None:
    rate = member().burn_rate / 3
    (read,) = incident_json.loads(incident_json.dumps(incident(member(burn_rate=rate)))).members
    assert read.burn_rate == rate
    assert type(read) is Member
    assert isinstance(read.severity, Severity)


def test_a_field_of_a_newer_version_is_ignored_and_one_that_an_older_did_not_know_has_its_default() -> None:
    value = json.loads(incident_json.dumps(incident()))
    del value["reopened"], value["members"][0]["muted"]
    value["mood"] = value["members"][0]["mood"] = "grim"
    assert incident_json.loads(json.dumps(value)) == incident()


@pytest.mark.parametrize("odd", ["", "null", "[]", "{}", "not json", '{"incident_id":"i-1"}'])
def test_what_is_not_an_incident_is_refused_without_being_quoted(odd: str) -> None:
    with pytest.raises(ValueError, match="not an incident: "):
        incident_json.loads(odd)


def test_an_incident_without_members_or_in_a_phase_unheard_of_is_refused() -> None:
    value = json.loads(incident_json.dumps(incident()))
    for change in ({"members": []}, {"phase": "smouldering"}):
        with pytest.raises(ValueError, match="not an incident"):
            incident_json.loads(json.dumps({**value, **change}))
