"""What the hostile scenario wrote, run once for all who look at it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.program.program import environment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("hostile") / "data"
    command = [sys.executable, "-m", "tests.security.hostile_scenario", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "log": done.stderr}
