"""The table of the fault scenarios says what broke, and a run of them fails for it."""

from dataclasses import replace

import pytest

from tests.chaos import __main__ as chaos
from tests.chaos.outcome import Outcome, Scale
from tests.chaos.report import HEADER, Report, failed, line_of, row

KEPT = Outcome("a fault", 3, 1_000, notifications=2, marked=1, note="as promised")


def reported(outcome: Outcome) -> Report:
    return Report.of("module.scenario", line_of(outcome), seconds=1.25)


def test_a_row_has_every_column() -> None:
    assert row(reported(KEPT)) == ("a fault", "3", "1,000", "0", "0", "2", "0", "0", "1", "1.2", "as promised")
    assert len(row(reported(KEPT))) == len(row(failed("module.scenario", "why", seconds=1))) == len(HEADER)


def test_a_broken_promise_is_named_in_its_row() -> None:
    broken = reported(replace(KEPT, lost=2, notifications_duplicated=1))
    assert not broken.kept
    assert row(broken)[-1] == "BROKEN: 2 events lost, 1 notifications duplicated"
    assert not reported(replace(KEPT, injected=0)).kept


def test_a_scenario_that_fails_is_a_failed_row_and_the_exit_code_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = {"one.good": reported(KEPT), "one.bad": failed("one.bad", "AssertionError: why", seconds=1)}
    monkeypatch.setattr(chaos, "SCENARIOS", dict.fromkeys(reports))
    monkeypatch.setattr(chaos, "run_apart", lambda name, scale: reports[name])
    assert chaos.main(["--only", "good"]) == 0
    assert chaos.main([]) == 1
    assert "FAILED: AssertionError: why" in capsys.readouterr().out
    assert chaos.main(["--only", "nothing"]) == 2


def test_a_process_that_ends_badly_is_a_failed_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    report = chaos.run_apart("no.such.scenario", Scale())
    assert (report.kept, report.reason) == (False, "KeyError: 'no.such.scenario'")
    monkeypatch.setattr(chaos, "SHORT_DEADLINE_S", 0)
    assert chaos.run_apart("kills.mid_send", Scale()).reason == "not over within 0 s"


def test_the_setting_is_the_same_as_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("O11Y_CHAOS_LONG", raising=False)
    assert not chaos._options([]).long
    assert chaos._options(["--long"]).long
    monkeypatch.setenv("O11Y_CHAOS_LONG", "1")
    assert chaos._options([]).long
