"""Stops an embedded Valkey whose owner is gone. Call it with the folder's lock held: then any server there is one."""

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

SOCKET_DIR_PREFIX = "o11y-valkey-"  # of the private folder for a socket whose own path would be too long
_RECORD = "valkey.pid"
_PAUSE_S = 0.02


class OrphanError(Exception):
    """It runs on, whatever was tried."""


def remember(data_dir: Path, *, pid: int, socket: Path) -> None:
    """Write down the server of this folder, for the next owner."""
    new = data_dir / f"{_RECORD}.new"
    new.write_text(json.dumps({"pid": pid, "socket": str(socket)}), encoding="utf-8")
    new.replace(data_dir / _RECORD)


def forget(data_dir: Path) -> None:
    (data_dir / _RECORD).unlink(missing_ok=True)


def stop(data_dir: Path, *, deadline_s: float) -> None:
    """Orderly over its socket, then by force. Only ever a Valkey server of this very folder. Raises ``OrphanError``."""
    recorded_pid, socket = _recorded(data_dir)
    with suppress(RedisError, OSError):
        recorded_pid = _shut_down(socket, data_dir)
    if recorded_pid is not None and not _gone(recorded_pid, data_dir, deadline_s):
        with suppress(ProcessLookupError):
            os.kill(recorded_pid, signal.SIGKILL)
        if not _gone(recorded_pid, data_dir, deadline_s):
            raise OrphanError(f"an earlier server, process {recorded_pid}, still runs on this folder and does not end")
    if socket.parent.name.startswith(SOCKET_DIR_PREFIX):
        shutil.rmtree(socket.parent, ignore_errors=True)
    forget(data_dir)


def _recorded(data_dir: Path) -> tuple[int | None, Path]:
    try:
        record = json.loads((data_dir / _RECORD).read_text(encoding="utf-8"))
        return int(record["pid"]), Path(record["socket"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, data_dir / "valkey.sock"


def _shut_down(socket: Path, data_dir: Path) -> int | None:
    """The process that was told to go; ``None`` when the server on the socket is not of this folder."""
    with Redis(
        unix_socket_path=str(socket), socket_timeout=1, retry=Retry(NoBackoff(), 0), decode_responses=True
    ) as client:
        if Path(client.config_get("dir")["dir"]) != data_dir:
            return None
        pid = int(client.info("server")["process_id"])
        with suppress(RedisError, OSError):
            client.shutdown(nosave=True)
    return pid


def _gone(pid: int, data_dir: Path, deadline_s: float) -> bool:
    for _ in range(max(1, round(deadline_s / _PAUSE_S))):
        if not _serves(pid, data_dir):
            return True
        time.sleep(_PAUSE_S)
    return False


def _serves(pid: int, data_dir: Path) -> bool:
    """Whether this process is a Valkey server of this folder, and not another that was given the number since."""
    arguments = _arguments(pid)
    return "valkey-server" in arguments and str(data_dir) in arguments


def _arguments(pid: int) -> str:
    if Path("/proc/self/cmdline").exists():
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            return ""
    ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, timeout=5, check=False).stdout  # noqa: S603
