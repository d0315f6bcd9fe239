import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from o11y.adapters.data_folder import DataFolder
from o11y.adapters.owned import Taken, take
from o11y.adapters.valkey import ValkeyError, ValkeyServer
from o11y.worker.ports import FolderTaken

OWNER = re.compile(r"process \d+ \([^)]+\) on \S+, started \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def test_who_is_refused_learns_who_the_owner_is(tmp_path: Path) -> None:
    held = take(tmp_path / "a.lock")
    with pytest.raises(Taken) as refused:
        take(tmp_path / "a.lock")
    os.close(held)
    assert OWNER.fullmatch(str(refused.value)), refused.value
    assert f"process {os.getpid()} " in str(refused.value)


def test_what_is_given_up_can_be_taken(tmp_path: Path) -> None:
    os.close(take(tmp_path / "a.lock"))
    os.close(take(tmp_path / "a.lock"))
    assert stat.S_IMODE((tmp_path / "a.lock").stat().st_mode) == 0o600


def test_the_end_of_a_process_gives_up_what_it_held_and_a_child_does_not_inherit_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; from pathlib import Path; from o11y.adapters.owned import take\n"
        f"take(Path({str(tmp_path / 'a.lock')!r}))\n"
        "subprocess.Popen([sys.executable, '-c', 'input()'], stdin=sys.stdin, close_fds=False)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    assert owner.wait(30) == 0
    os.close(take(tmp_path / "a.lock"))
    owner.communicate(b"\n")


def test_only_the_subcommand_of_the_owner_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/o11y", "replay", "/home/someone/private.json"])
    held = take(tmp_path / "a.lock")
    os.close(held)
    assert "(o11y replay) on" in (tmp_path / "a.lock").read_text()
    assert "private" not in (tmp_path / "a.lock").read_text()


def test_a_data_folder_is_refused_by_its_own_name_whatever_it_is_called_by(tmp_path: Path) -> None:
    folder = DataFolder.own(tmp_path / "data")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    with pytest.raises(FolderTaken) as refused:
        DataFolder.own(tmp_path / "link")
    folder.release()
    assert f"the data folder {tmp_path / 'data'} belongs to a running o11y, process {os.getpid()}" in str(refused.value)
    assert "O11Y_DATA_DIR" in str(refused.value)
    DataFolder.own(tmp_path / "data").release()


def test_the_folder_of_a_running_valkey_is_refused_with_its_owner(tmp_path: Path) -> None:
    held = take(tmp_path / "o11y.lock")
    with pytest.raises(ValkeyError, match=f"another o11y uses this folder, process {os.getpid()} "):
        ValkeyServer(tmp_path).start()
    os.close(held)
