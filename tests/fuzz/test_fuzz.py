"""The fuzzer itself: a small run of it, and that it would notice."""

import asyncio
import dataclasses
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.fuzz.__main__ import Broken, fuzz, fuzz_inside, saved
from tests.fuzz.inside import Inside
from tests.fuzz.ledger import Ledger
from tests.fuzz.oracle import Acknowledged, judge
from tests.fuzz.shot import EVENT, Sent, Shot
from tests.http.ingest_house import JSON
from tests.wire_events import SECRET, wire_json

EVENT_ID = "00000000-0000-4000-8000-000000000001"
SHOT = Shot("event", "POST", EVENT, tuple(JSON.items()), wire_json(eventId=EVENT_ID), (Sent(EVENT_ID, True),), True)


def test_500_inputs_break_no_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fuzz_inside(tmp_path, inputs=500, seed=20_261)
    assert "batch, NDJSON" in capsys.readouterr().out


def test_a_shot_acknowledges_the_event_it_carries(tmp_path: Path) -> None:
    async def fired() -> tuple[int, Acknowledged, Counter[str]]:
        inside = Inside(tmp_path)
        return *await inside.fire(SHOT), await inside.close()

    assert asyncio.run(fired()) == (204, Acknowledged(1, SHOT.events), Counter([EVENT_ID]))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"Internal Server Error"),
        (200, b'{"accepted":1,"rejected":[]}'),
        (204, b"{}"),
        (400, b'{"success":false,"error":"Invalid request body","issues":[{"path":[],"message":"is empty"}]}'),
        (403, b'{"success":false,"error":"%s"}' % SECRET.encode()),
    ],
    ids=["a crash", "another door's answer", "a 204 with a body", "a sound event refused", "a secret told"],
)
def test_the_oracle_refuses_an_answer_that_is_not_of_the_documented_shape(status: int, body: bytes) -> None:
    with pytest.raises(AssertionError):
        judge(SHOT, status, {"content-type": "application/json"}, body)


def test_the_ledger_finds_what_is_lost_doubled_or_stored_though_refused() -> None:
    ledger = Ledger()
    ledger.note(SHOT, 204, Acknowledged(1, SHOT.events))
    ledger.check(Counter([EVENT_ID]))
    other = dataclasses.replace(SHOT, events=(Sent("other", True),))
    ledger.note(other, 403, Acknowledged(0, ()))
    for stored in (
        Counter[str](),
        Counter([EVENT_ID, EVENT_ID]),
        Counter([EVENT_ID, "other"]),
        Counter([EVENT_ID, "x"]),
    ):
        with pytest.raises(AssertionError):
            ledger.check(stored)


def test_a_failure_is_shrunk_and_kept_as_a_file_that_sends_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def fire(shot: Shot) -> None:
        assert len(shot.body) < 30

    bodies = st.binary(max_size=100).map(lambda body: dataclasses.replace(SHOT, body=body))
    with pytest.raises(Broken) as broken:
        fuzz(bodies, fire, inputs=200, seed=1)
    words = saved(broken.value)
    kept = Shot.load(Path(words.rpartition(" ")[2]))
    assert kept == dataclasses.replace(SHOT, body=bytes(30))
