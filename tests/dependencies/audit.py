"""``python -m tests.dependencies.audit``: known vulnerabilities of the locked packages, by pip-audit.

Exit code 0: every package was looked up, and none is vulnerable; 1: some are; 3: it could not be found out, which a
machine without the internet cannot avoid, and which pip-audit alone would call a success.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.dependencies.lock import LOCK, pinned

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 3
DEADLINE_S = 300


def judged(report: Mapping[str, Any], wanted: Mapping[str, set[str]]) -> tuple[int, list[str]]:
    """The exit code, and what to say."""
    said, looked_up = [], set()
    for package in report.get("dependencies", ()):
        if "skip_reason" in package:
            continue
        looked_up.add((package["name"], package["version"]))
        said += [
            f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or '-'}"
            for found in package["vulns"]
        ]
    if said:
        return VULNERABLE, said
    every = {(name, version) for name, versions in wanted.items() for version in versions}
    # A package for another Python or system is not asked about; of every name there has to be one version.
    missing = sorted({name for name, _ in every} - {name for name, _ in looked_up})
    if missing:
        return UNKNOWN, [
            f"{len(missing)} of {len(wanted)} packages could not be looked up: {', '.join(missing[:5])} ..."
        ]
    return CLEAN, [f"{len(wanted)} packages, no known vulnerability"]


def report_of(pip_audit: Sequence[str], lock: Path) -> tuple[Mapping[str, Any], str]:
    """pip-audit's JSON, empty when there is none, and its last words."""
    command = [*pip_audit, "--format", "json", "--progress-spinner", "off", "--disable-pip", "--require-hashes", "-r"]
    try:
        done = subprocess.run([*command, str(lock)], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return {}, f"{type(error).__name__}"
    try:
        return json.loads(done.stdout), ""
    except ValueError:
        return {}, (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300]


def main(pip_audit: Sequence[str]) -> int:
    report, trouble = report_of(pip_audit, LOCK)
    code, said = judged(report, pinned())
    print("\n".join([*said, *([f"pip-audit: {trouble}"] if trouble else [])]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["pip-audit"]))
