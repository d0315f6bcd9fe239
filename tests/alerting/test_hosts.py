"""Which open incidents are asked about a new alert: every one that could speak for it, and few others."""

from datetime import timedelta

from o11y.alerting.book import Book
from o11y.alerting.hosts import Hosts
from o11y.alerting.incident import Cause, Incident, Phase
from o11y.alerting.minute import Minute
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import NOW, alert, dimension, incident, member, objective
from tests.worker_fakes import counted

PROVIDER, CLIENT, ALL = Dimension(None, "vendor", None), Dimension("gateway", None, None), Dimension(None, None, None)
FAR = Dimension("far", "far", "far")
SEEN = counted(0, dimension(), dimension("b"), FAR, Dimension("far", "vendor", "b"))


def about(name: str, *where: Dimension, shared: Dimension | None = None, **changes: object) -> Incident:
    members = (member(dimension=each) for each in where)
    cause = Cause(shared or where[0], Indicator.ERROR_RATE)
    return incident(*members, **{"incident_id": name, "cause": cause, **changes})


def asked(where: Dimension, *incidents: Incident, minutes: int = 1) -> list[str]:
    book = Book({one.incident_id: one for one in incidents})
    minute = Minute(NOW + timedelta(minutes=minutes), (), SEEN, {"error-rate": objective()})
    return [one.incident_id for one in Hosts(book, minute).of(alert(dimension=where))]


def test_a_part_is_asked_of_every_wide_cause_and_of_the_single_one_that_it_is() -> None:
    wide, own = about("wide", FAR, shared=Dimension(None, "far", None)), about("own", dimension("b"))
    assert asked(dimension("b"), wide, own, about("other", dimension("c"))) == ["wide", "own"]


def test_a_sum_is_asked_of_those_that_have_to_do_with_it() -> None:
    part, far = about("part", dimension()), about("far", FAR)
    assert asked(PROVIDER, part, far) == ["part"]
    assert asked(CLIENT, part, far) == ["part"]
    assert asked(ALL, part, far) == ["part", "far"]


def test_sums_meet_where_they_have_traffic_in_common() -> None:
    provider, client = about("provider", PROVIDER), about("client", Dimension("far", None, None))
    assert asked(CLIENT, provider, client) == ["provider"]
    assert asked(Dimension(None, "far", None), provider, client) == ["client"]
    assert asked(PROVIDER, provider, client) == ["provider", "client"], "client far uses provider vendor too"


def test_a_sum_nobody_has_to_do_with_is_asked_of_what_is_everywhere() -> None:
    everything = about("everything", dimension(), shared=ALL)
    assert asked(Dimension(None, "unknown", None), everything, about("part", dimension())) == ["everything"]


def test_what_has_ended_and_what_knows_a_newer_minute_takes_nobody_in() -> None:
    over = about("over", dimension(), phase=Phase.RESOLVED, resolved_at=NOW)
    newer = about("newer", dimension(), evaluated_at=NOW + timedelta(minutes=5))
    assert asked(dimension(), over, newer) == []
    assert asked(PROVIDER, over, newer) == []
    assert asked(dimension(), newer, minutes=6) == ["newer"]


def test_what_is_muted_takes_sums_and_no_part() -> None:
    muted = incident(member(muted="silenced: x"))
    assert asked(dimension(), muted) == []
    assert asked(PROVIDER, muted) == ["i-1"]


def test_what_a_message_has_named_is_what_was_told() -> None:
    one = incident(member(told=Severity.PAGE), member(dimension=dimension("b")))
    hosts = Hosts(Book({"i-1": one}), Minute(NOW, (), SEEN, {}))
    assert hosts.named(one) == {dimension()}
    assert hosts.named(one) is hosts.named(one), "looked up once"
