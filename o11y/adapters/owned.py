"""A file that one process owns: an advisory lock that dies with its holder, and who that is, for whoever is refused."""

import fcntl
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

_MOST_BYTES = 512


class Taken(Exception):
    """Somebody else has it; the text says who."""


def take(path: Path) -> int:
    """The descriptor that holds the lock: closing it, or the end of the process, gives it up. Raises ``Taken``.

    The file (mode 0600) names the owner: process id, command, host and start. It stays, and means nothing unlocked.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.read(descriptor, _MOST_BYTES).decode(errors="replace").strip()
        os.close(descriptor)
        raise Taken(owner or "process unknown") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{_myself()}\n".encode()[:_MOST_BYTES], 0)
    return descriptor


def _myself() -> str:
    """The program and its subcommand, and no argument after them: those are nobody else's business."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) if sys.argv else ""
    return f"process {os.getpid()} ({command}) on {socket.gethostname()}, {_started()}"


def _started() -> str:
    """When the kernel started this process; a file changes hands within a moment of it or long after."""
    try:
        since_boot_s = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf(
            "SC_CLK_TCK"
        )
        boot_s = next(
            int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime ")
        )
    except (OSError, ValueError, IndexError, StopIteration):
        return "start unknown"
    return f"started {datetime.fromtimestamp(boot_s + since_boot_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
