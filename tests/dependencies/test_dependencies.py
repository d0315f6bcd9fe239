"""What o11y brings along: its licences are known and ask nothing of users, and an audit is not mistaken for one."""

from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from tests.dependencies import audit, licences
from tests.dependencies.lock import pinned

WANTED = {"one": {"1.0"}, "two": {"2.0", "2.1"}}


def test_the_page_of_licences_is_that_of_the_lock() -> None:
    """Where it is not: ``python -m tests.dependencies.licences``, and look at what changed."""
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page()


def test_every_locked_package_has_a_line() -> None:
    text = licences.PAGE.read_text(encoding="utf-8")
    assert len(pinned()) > 30
    assert [name for name in pinned() if f"| {name} |" not in text] == []


def test_every_script_of_others_is_on_the_page_in_the_version_that_it_says_itself() -> None:
    folders = {path.name: path for path in licences.VENDORED_IN.iterdir() if path.is_dir()}
    assert folders.keys() == licences.VENDORED.keys()
    assert {licence for _, licence in licences.VENDORED.values()} <= licences.ACCEPTED
    script = (folders["uPlot"] / "uPlot.iife.min.js").read_text(encoding="utf-8")
    assert f"(v{licences.VENDORED['uPlot'][0]})" in script[:100]
    assert "MIT License" in (folders["uPlot"] / "LICENSE").read_text(encoding="utf-8")
    assert "Zero-Clause BSD" in (folders["idiomorph"] / "LICENSE").read_text(encoding="utf-8")


def test_so_is_every_script_of_others_that_only_tests_use() -> None:
    folders = {path.name: path for path in licences.TESTING_WITH_IN.iterdir() if path.is_dir()}
    assert folders.keys() == licences.TESTING_WITH.keys()
    assert {licence for _, licence in licences.TESTING_WITH.values()} <= licences.ACCEPTED | licences.OF_FILES
    script = (folders["axe-core"] / "axe.min.js").read_text(encoding="utf-8")
    assert f"axe v{licences.TESTING_WITH['axe-core'][0]}" in script[:100]
    assert "Mozilla Public License, version 2.0" in (folders["axe-core"] / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "expression",
    [
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "MIT AND LGPL-2.1-only",
        "SSPL-1.0",
        "MIT OR (BUSL-1.1 AND MIT)",
        "Proprietary",
    ],
)
def test_a_licence_of_another_kind_is_refused(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(licences.SAID_ELSEWHERE, "pydantic", expression)
    monkeypatch.setattr(licences, "metadata", lambda _: Message())
    with pytest.raises(licences.Undeclared, match="pydantic declares"):
        licences.licence_of("pydantic")


def test_a_package_that_is_nowhere_is_refused() -> None:
    with pytest.raises(licences.Undeclared, match="not installed here"):
        licences.licence_of("no-such-package-of-ours")


def test_a_lock_may_have_a_version_for_each_python(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    lock.write_text(
        "One_Two==1.0 \\\n    --hash=sha256:aa\nnumpy==2.1 ; python_version < '3.12' \\\nnumpy==2.2\n", encoding="utf-8"
    )
    assert pinned(lock) == {"one-two": {"1.0"}, "numpy": {"2.1", "2.2"}}


def found(name: str, version: str, *vulnerabilities: str) -> dict[str, Any]:
    return {"name": name, "version": version, "vulns": [{"id": v, "fix_versions": ["9"]} for v in vulnerabilities]}


@pytest.mark.parametrize(
    ("dependencies", "code", "word"),
    [
        ([found("one", "1.0"), found("two", "2.1")], audit.CLEAN, "2 packages"),
        ([found("one", "1.0", "CVE-1"), found("two", "2.1")], audit.VULNERABLE, "one 1.0: CVE-1, fixed in 9"),
        ([found("one", "1.0"), {"name": "two", "skip_reason": "not found"}], audit.UNKNOWN, "1 of 2 packages"),
        ([], audit.UNKNOWN, "2 of 2 packages"),
    ],
)
def test_an_audit_is_clean_only_when_every_package_was_looked_up(
    dependencies: list[dict[str, Any]], code: int, word: str
) -> None:
    judged, said = audit.judged({"dependencies": dependencies}, WANTED)
    assert judged == code
    assert word in said[0]


def test_an_audit_that_cannot_run_is_not_a_clean_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(["/no/such/pip-audit"]) == audit.UNKNOWN
    assert "FileNotFoundError" in capsys.readouterr().out
