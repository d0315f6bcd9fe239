"""Every scenario by its name, ``module.function``; and one of them in a process of its own."""

import os
from pathlib import Path

from tests.chaos import (
    clickhouse_faults,
    clock,
    disk_full,
    kills,
    life_cycle,
    minutes,
    posthog_faults,
    redis_faults,
    replicas,
    second_process,
    signals,
    slack_faults,
    spool_files,
)
from tests.chaos.outcome import Scale, Scenario
from tests.chaos.report import line_of

MODULES = (
    minutes,  # waits most of its time, so it goes first
    kills,
    life_cycle,
    replicas,
    signals,
    clock,
    clickhouse_faults,
    redis_faults,
    slack_faults,
    posthog_faults,
    spool_files,
    disk_full,
    second_process,
)
SCENARIOS: dict[str, Scenario] = {
    f"{module.__name__.rpartition('.')[2]}.{scenario.__name__}": scenario
    for module in MODULES
    for scenario in module.SCENARIOS
}


def run_alone(name: str, scale: Scale, folder: str) -> None:
    """The last line of the file ``out`` is its outcome. What it starts is of its session."""
    os.setsid()
    for stream, number in (("out", 1), ("err", 2)):
        with Path(folder, stream).open("wb") as file:
            os.dup2(file.fileno(), number)
    print(line_of(SCENARIOS[name](scale)), flush=True)
