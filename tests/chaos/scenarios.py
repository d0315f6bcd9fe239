"""Every scenario by its name, ``module.function``; as a program, one of them, whose outcome is its last line."""

import sys

from tests.chaos import (
    clickhouse_faults,
    clock,
    disk_full,
    kills,
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


def main(name: str, form: str, seed: str) -> None:
    outcome = SCENARIOS[name](Scale(long=form == "long", seed=int(seed)))
    print(line_of(outcome))


if __name__ == "__main__":
    main(*sys.argv[1:])
