import os
from pathlib import Path

import pytest

from o11y.adapters.spool.repair import tally as module
from o11y.adapters.spool.repair.tally import Count, Tally
from o11y.worker.ports import BatchKind


def noted(path: Path) -> Count | None:
    tally = Tally(path)
    expected = tally.expected()
    tally.abandon()
    return expected


def test_what_was_noted_counts_after_a_kill(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "tally")
    assert tally.expected() is None
    tally.set(Count(5, 1))
    tally.add(BatchKind.EVENTS, 3)
    tally.add(BatchKind.HISTORY, -1)
    tally.abandon()
    assert noted(tmp_path / "tally") == Count(8, 0)


def test_after_a_new_start_of_the_machine_only_an_orderly_close_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, closed = Tally(tmp_path / "killed"), Tally(tmp_path / "closed")
    killed.set(Count(5))
    closed.set(Count(5))
    killed.abandon()
    closed.close()
    (tmp_path / "boot").write_text("another-start-of-the-machine")
    monkeypatch.setattr(module, "_BOOT_ID", tmp_path / "boot")
    assert (noted(tmp_path / "killed"), noted(tmp_path / "closed")) == (None, Count(5))


def test_where_the_system_has_no_name_for_its_start_only_an_orderly_close_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BOOT_ID", tmp_path / "none")
    tally = Tally(tmp_path / "tally")
    tally.set(Count(5))
    tally.abandon()
    assert noted(tmp_path / "tally") is None


def test_a_tally_that_cannot_be_written_counts_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally(tmp_path / "tally")
    tally.set(Count(5))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        tally.set(Count(2))
    tally.abandon()
    assert noted(tmp_path / "tally") is None
