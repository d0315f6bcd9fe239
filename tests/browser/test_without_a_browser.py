"""Where there is no browser: a user is told in one line, and whoever requires one is told that they have none."""

import os
import subprocess
import sys

import pytest

from tests.browser.chromium import VARIABLE
from tests.browser.stage import ROOT


def run(wish: str) -> "subprocess.CompletedProcess[str]":
    """These tests, by pytest, where no browser is to be found."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/browser/test_sign_in.py"]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, VARIABLE: wish, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_tests_are_skipped_with_one_line_that_says_what_is_missing() -> None:
    done = run("none")
    assert done.returncode == 0, done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert "browser tests need Chromium or Chrome" in line
    assert "passed" not in done.stdout


@pytest.mark.skipif(sys.platform == "darwin", reason="its Chrome is not found by PATH")
def test_where_a_browser_is_required_its_absence_is_a_failure() -> None:
    done = run("required")
    assert done.returncode == 1, done.stdout
    assert f"{VARIABLE}=required, but browser tests need Chromium or Chrome" in done.stdout
