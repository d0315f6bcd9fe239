"""The packages that a lock file names."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: what users install, with every extra
LOCK = ROOT / "requirements.lock"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pinned(lock: Path = LOCK) -> dict[str, set[str]]:
    """Normalised name -> versions; a package may have one for each Python."""
    found: dict[str, set[str]] = {}
    for name, version in _PINNED.findall(lock.read_text(encoding="utf-8")):
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set()).add(version)
    return found
