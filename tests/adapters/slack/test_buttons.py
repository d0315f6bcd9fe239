"""What can be pressed below a message, and when."""

from typing import Any

import pytest

from o11y.adapters.slack.blocks import BUTTONS_LIMIT, actions, button
from o11y.adapters.slack.buttons import buttons_of
from o11y.alerting.incident import Change
from o11y.alerting.notification import Notification
from o11y.worker.ports.responses import ACKNOWLEDGE, SILENCES
from tests.builders import NOW, account, alert, notification, objective

URL = "https://o11y.example"


def pressed(message: Notification, *, public_url: str | None = None) -> dict[str, dict[str, Any]]:
    rows = list(buttons_of(message, public_url=public_url))
    return {element["action_id"]: element for row in rows for element in row["elements"]}


def of(change: Change, **changes: Any) -> Notification:
    return notification(account=account(change, **changes))


def test_a_page_can_be_acknowledged_and_silenced() -> None:
    found = pressed(of(Change.FIRED))
    assert set(found) == {ACKNOWLEDGE, *SILENCES}
    assert {element["value"] for element in found.values()} == {"i-1"}
    assert [element["text"]["text"] for element in found.values()] == [
        "Acknowledge", "Silence 1 h", "Silence 4 h", "Silence until resolved",
    ]  # fmt: skip


def test_the_dashboard_and_the_runbook_can_be_opened() -> None:
    page = alert(objective=objective(runbook="https://wiki.example/errors"))
    found = pressed(notification(page, account=account()), public_url=URL)
    assert found["o11y_dashboard"]["url"] == f"{URL}/d/gateway/vendor/vendor%2Fmodel"
    assert found["o11y_runbook"]["url"] == "https://wiki.example/errors"


def test_what_was_acknowledged_is_not_acknowledged_again() -> None:
    found = pressed(of(Change.ACKNOWLEDGED, acknowledged_by="ann", acknowledged_at=NOW))
    assert set(found) == set(SILENCES)


@pytest.mark.parametrize("change", [Change.REOPENED, Change.ESCALATED])
def test_what_fires_anew_can_be_acknowledged_anew(change: Change) -> None:
    assert ACKNOWLEDGE in pressed(of(change, acknowledged_by="ann", acknowledged_at=NOW))


def test_what_has_no_data_can_still_be_answered() -> None:
    assert set(pressed(of(Change.NO_DATA))) == {ACKNOWLEDGE, *SILENCES}


@pytest.mark.parametrize("change", [Change.RESOLVED, Change.EXPIRED])
def test_what_is_over_can_only_be_looked_at(change: Change) -> None:
    assert set(pressed(of(change), public_url=URL)) == {"o11y_dashboard"}


def test_an_entry_of_an_older_version_has_no_incident_to_answer_to() -> None:
    assert pressed(notification()) == {}


def test_an_address_that_is_none_of_the_web_is_no_button() -> None:
    page = alert(objective=objective(runbook="javascript:alert(1)"))
    assert "o11y_runbook" not in pressed(notification(page, account=account()))


def test_a_row_holds_five() -> None:
    row = actions([button(str(number), str(number), value="i") for number in range(9)])
    assert len(row["elements"]) == BUTTONS_LIMIT


def test_a_value_is_never_cut() -> None:
    with pytest.raises(ValueError, match="2000 characters, not 2001"):
        button("x", "x", value="i" * 2_001)
