import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from o11y.slo.dimension import Dimension
from o11y.worker.history import History
from o11y.worker.ports import SpoolFull
from tests.builders import NOW, alert
from tests.worker_fakes import RecordingSpool


def written(*alerts: Any, **changes: Any) -> list[dict[str, Any]]:
    spool = RecordingSpool()
    asyncio.run(History(spool).write(alerts, "fired", **{"now": NOW + timedelta(seconds=3), **changes}))
    return spool.history


def test_a_row_has_the_minute_and_the_moment() -> None:
    (row,) = written(alert(), notification_id="n-1", reason="because")
    assert (row["at"], row["recorded_at"]) == ("2026-11-21T12:00:00Z", "2026-11-21T12:00:03Z")
    assert (row["transition"], row["notification_id"], row["reason"]) == ("fired", "n-1", "because")
    assert [row[name] for name in ("client", "provider", "model")] == ["gateway", "vendor", "vendor/model"]
    assert row["scope"] == "model"


def test_what_an_aggregate_folds_away_is_empty_so_that_no_model_is_meant() -> None:
    every, star = written(alert(dimension=Dimension(None, None, None)), alert(dimension=Dimension("*", "*", "*")))
    assert [every[name] for name in ("client", "provider", "model", "scope")] == ["", "", "", "all"]
    assert [star[name] for name in ("client", "provider", "model", "scope")] == ["*", "*", "*", "model"]


def test_no_alerts_are_no_rows() -> None:
    assert written() == []


@pytest.mark.parametrize("failure", [SpoolFull("the disk is full"), OSError("input/output error")])
def test_a_history_that_cannot_be_kept_stops_nothing(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    class Full(RecordingSpool):
        def append_history(self, rows: Any, *, now: Any) -> None:
            raise failure

    asyncio.run(History(Full()).write([alert()], "fired", now=NOW))
    assert "alert history not kept" in caplog.text


def test_rows_are_json_that_the_spool_can_close() -> None:
    lines: list[bytes] = []

    class Keeping(RecordingSpool):
        def append_history(self, rows: Any, *, now: Any) -> None:
            lines.extend(rows)

    asyncio.run(History(Keeping()).write([alert()], "fired", now=NOW))
    assert json.loads(lines[0] + b',"spool_batch":"x"}')["spool_batch"] == "x"
