"""A client that invents names harms itself alone; the measured form of this is ``make bench-cardinality``."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.program.program import environment

ROOT = Path(__file__).parents[2]
NAMES, LIMIT = 4_000, 100


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.cardinality", "--names", str(NAMES), "--limit", str(LIMIT), "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_flood_is_folded_into_one_dimension_beyond_the_limit(found: dict[str, Any]) -> None:
    assert found["folded"] == NAMES
    assert found["full"]["rollup_dimensions"] == LIMIT
    assert found["after"]["rollup_dimensions"] == LIMIT + 1


def test_an_evaluation_has_one_dimension_more_to_look_at(found: dict[str, Any]) -> None:
    assert found["after"]["dimensions"] - found["full"]["dimensions"] == 1


def test_the_outage_of_another_client_is_paged_all_the_same(found: dict[str, Any]) -> None:
    assert "page error-rate calm / openrouter / vendor/model-0" in found["paged"]
    assert not any("flood" in told for told in found["paged"])


def test_a_restart_gives_no_new_room(found: dict[str, Any]) -> None:
    assert found["admitted_after_restart"] == 0
