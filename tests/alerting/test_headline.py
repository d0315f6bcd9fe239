"""The first line of a message."""

from datetime import timedelta

import pytest

from o11y.alerting.headline import State, objectives, state_of, title
from o11y.alerting.incident import Cause, Change, Extent
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import NOW, account, alert, dimension, notice, notification, objective

OPENAI = Cause(Dimension(None, "openai", None), Indicator.ERROR_RATE)
EXTENT = Extent(firing=14, active=15, clients=(3, 3), providers=(1, 1), models=(14, 15))


def test_the_title_names_severity_objective_and_dimension() -> None:
    assert title(notification()) == "PAGE error-rate: gateway / vendor / vendor/model"
    assert title(notification(account=account())) == "PAGE error-rate: gateway / vendor / vendor/model"


def test_a_group_is_named_by_its_cause() -> None:
    told = notification(account=account(cause=OPENAI, extent=EXTENT), unseen=13)
    assert title(told) == "PAGE error-rate, provider openai: 14 of 15 models, all 3 clients"


def test_several_alerts_of_an_older_version_are_counted() -> None:
    several = [alert(dimension=dimension(f"model-{number}")) for number in range(12)]
    assert title(notification(*several)) == "PAGE error-rate: 12 dimensions"


def test_the_title_of_a_notice_is_its_own() -> None:
    assert title(notice(severity=Severity.TICKET, title="a batch is set aside")) == "TICKET a batch is set aside"


def test_a_notice_of_what_is_over_alarms_nobody() -> None:
    assert title(notice(title="Over: o11y is blind", over=True)) == "Over: o11y is blind"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change.FIRED, "PAGE error-rate"),
        (Change.REOPENED, "PAGE AGAIN · error-rate"),
        (Change.ESCALATED, "PAGE, WAS A TICKET · error-rate"),
        (Change.JOINED, "PAGE GROWS · error-rate"),
        (Change.WORSENED, "PAGE WORSE · error-rate"),
        (Change.IMPROVED, "PAGE BETTER · error-rate"),
        (Change.REMINDED, "PAGE STILL FIRING · error-rate"),
        (Change.ACKNOWLEDGED, "ACKNOWLEDGED PAGE · error-rate"),
        (Change.NO_DATA, "NO DATA, PAGE · error-rate"),
        (Change.RESOLVED, "RESOLVED PAGE · error-rate"),
        (Change.EXPIRED, "CLOSED PAGE, RECOVERY NOT CONFIRMED · error-rate"),
    ],
)
def test_every_change_has_words_of_its_own(change: Change, said: str) -> None:
    told = notification(account=account(change, acknowledged_by="ann", acknowledged_at=NOW))
    assert title(told) == f"{said}: gateway / vendor / vendor/model"


def test_a_receiver_of_tickets_hears_that_it_is_a_page_now() -> None:
    told = notification(account=account(Change.ESCALATED), to=Severity.TICKET)
    assert title(told).startswith("PAGE, WAS A TICKET")


def test_a_receiver_of_pages_hears_of_a_page_whatever_is_worst() -> None:
    told = notification(alert(severity=Severity.TICKET), account=account(), to=Severity.PAGE)
    assert title(told).startswith("PAGE ")


def test_two_objectives_are_named_and_more_are_told_as_their_indicator() -> None:
    def of(*names: str) -> str:
        return objectives(notification(*(alert(objective=objective(name=name)) for name in names)))

    assert of("p90", "p50", "p90") == "p50 and p90"
    assert of("a", "b", "c") == "error rate"


def test_what_fires_anew_is_firing_whoever_took_note_of_it_before() -> None:
    for change in (Change.REOPENED, Change.ESCALATED):
        assert state_of(notification(account=account(change, acknowledged_by="ann"))) is State.FIRING


def test_an_acknowledged_incident_stays_so_while_it_changes() -> None:
    told = notification(account=account(Change.JOINED, acknowledged_by="ann", acknowledged_at=NOW))
    assert state_of(told) is State.ACKNOWLEDGED


def test_no_data_outweighs_an_acknowledgement() -> None:
    silent = account(Change.ACKNOWLEDGED, acknowledged_by="ann", no_data_since=NOW - timedelta(minutes=30))
    assert state_of(notification(account=silent)) is State.NO_DATA
