"""What the scenarios understand of a message is what its words say."""

import pytest

from o11y.adapters.slack.message import slack_message, slack_reply
from o11y.alerting.incident import Change
from o11y.slo.windows import Severity
from tests.builders import account, alert, notice, notification
from tests.chaos.said import Said


@pytest.mark.parametrize("change", Change)
@pytest.mark.parametrize("severity", Severity)
def test_every_change_of_an_incident_is_known_by_its_words(change: Change, severity: Severity) -> None:
    acknowledged = {"acknowledged_by": "ann"} if change is Change.ACKNOWLEDGED else {}
    message = notification(alert(severity=severity), account=account(change, **acknowledged))
    for rendered in (slack_message(message), slack_reply(message)):
        said = Said.by(rendered.payload)
        assert (said.change, said.severity) == (change, severity)
        assert said.tells_of(message.alerts[0].dimension.model or "")


def test_a_repeat_says_so() -> None:
    assert not Said.by(slack_message(notification()).payload).repeated
    assert Said.by(slack_message(notification(repeated=True)).payload).repeated


def test_what_o11y_says_of_itself_is_no_change() -> None:
    said = Said.by(slack_message(notice(title="o11y is blind")).payload)
    assert (said.change, said.tells_of("o11y is blind")) == (None, True)
