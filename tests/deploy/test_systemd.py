"""The systemd units are ones that systemd understands, and confine the worker."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from o11y.cli import main

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
WHOLE, ROLE = UNITS / "o11y.service", UNITS / "o11y@.service"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


def section(unit: Path, name: str = "Service") -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read(unit)
    return dict(parser[name])


@needs_systemd
@pytest.mark.parametrize("unit", [WHOLE, ROLE], ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name
    here.write_text(unit.read_text(encoding="utf-8").replace("/opt/o11y/bin/o11y", sys.executable))
    checked = subprocess.run([str(ANALYZE), "verify", here], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", [WHOLE, ROLE], ids=lambda unit: unit.name)
def test_systemd_calls_its_exposure_ok_at_most(unit: Path) -> None:
    """2.0 of 10; what is left is the network, and memory that the engine's compiler makes executable."""
    command = [str(ANALYZE), "security", "--offline=yes", "--threshold=20", "--no-pager", unit]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-300:]


@pytest.mark.parametrize("unit", [WHOLE, ROLE], ids=lambda unit: unit.name)
def test_its_data_are_in_the_one_folder_that_it_may_write(unit: Path) -> None:
    service = section(unit)
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert "ReadWritePaths" not in service
    assert service["Environment"] == f"O11Y_DATA_DIR=/var/lib/{service['StateDirectory']}"
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"


def test_the_two_confine_alike() -> None:
    own = {
        "EnvironmentFile",
        "Environment",
        "ExecStart",
        "StateDirectory",
        "WorkingDirectory",
        "MemoryHigh",
        "MemoryMax",
    }
    own |= {"TasksMax"}
    whole, role = section(WHOLE), section(ROLE)
    assert {key for key in whole.keys() | role.keys() if whole.get(key) != role.get(key)} <= own


@pytest.mark.parametrize("unit", [WHOLE, ROLE], ids=lambda unit: unit.name)
def test_what_it_starts_is_a_command_that_there_is(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, *arguments = section(unit)["ExecStart"].replace("%i", "ingest").split()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0
    assert "--role" in capsys.readouterr().out


def test_the_user_of_the_units_is_the_one_that_sysusers_makes() -> None:
    made = re.findall(r"^u (\w+) ", (UNITS / "o11y.sysusers").read_text(encoding="utf-8"), re.MULTILINE)
    assert made == [section(WHOLE)["User"]] == [section(ROLE)["User"]]
