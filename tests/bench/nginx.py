"""nginx answering 204 to everything, as one process: what HTTP itself allows on a core."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.program import Program, free_port, running

_CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; client_max_body_size 32m; client_body_buffer_size 1m;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
}}
"""


def installed() -> bool:
    return shutil.which("nginx") is not None


@contextmanager
def nginx(*, on: Sequence[int]) -> Iterator[Program]:
    """``on``: the cores it may use."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="o11y-bench-") as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(_CONFIG.format(folder=folder, port=port))
        arguments = ["nginx", "-p", folder, "-c", str(config)]
        with running(arguments, port=port, ready="/", environment={}, on=on) as program:
            yield program
