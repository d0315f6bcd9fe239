"""A silence is kept as it was, and shown with its state."""

from datetime import timedelta

import pytest

from o11y.alerting.silence import Silence
from o11y.alerting.silence_json import dumps, loads, shown
from tests.builders import NOW, silence


@pytest.mark.parametrize(
    "one",
    [
        silence(),
        silence('client="a \\"b\\"\\n",model=~"gpt.*"', author="ann 🗝", incident_id="i-1"),
        silence(expired_at=NOW + timedelta(microseconds=1), expired_by="bob"),
    ],
)
def test_a_silence_survives_as_it_was(one: Silence) -> None:
    assert loads(dumps(one)) == one


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "5", '{"id": 5}', dumps(silence()).replace("2026-", "x")])
def test_text_that_is_no_silence_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        loads(text)


def test_it_is_shown_with_its_state() -> None:
    assert shown(silence(), NOW) == {
        "id": "s-1",
        "matchers": [{"label": "client", "operator": "=", "value": "gateway"}],
        "startsAt": "2026-11-21T12:00:00Z",
        "endsAt": "2026-11-21T13:00:00Z",
        "author": "ann",
        "comment": "deploy",
        "createdAt": "2026-11-21T12:00:00Z",
        "incidentId": None,
        "expiredAt": None,
        "expiredBy": None,
        "state": "active",
    }
