"""The weekly report, through every real part."""

import json
import subprocess
import sys
from pathlib import Path

from tests.program.program import environment

ROOT = Path(__file__).parent.parent.parent


def test_two_replicas_tell_one_report_although_slack_failed_first(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.program.report_scenario", str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["made"], seen["told_at_once"]) == ([True, True], 0)
    assert (seen["retried"], seen["again"], len(seen["messages"])) == (1, True, 1)
    text = json.dumps(seen["messages"][0])
    for part in ("Weekly report", "No page", "no budget was touched", "No objective was changed"):
        assert part in text
    assert "TICKET" not in text
    assert seen["next"] == "mine"
