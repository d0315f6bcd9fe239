"""Memory of big blocks goes back to the system."""

import subprocess
import sys
from pathlib import Path

import pytest

#: what a worker does with a batch: many parts on the heap, joined into one block, and dropped
_GROW = """
from o11y.commands.allocator import give_big_blocks_back
assert give_big_blocks_back()
def resident():
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmRSS'))
def fill():
    kept = []
    for _ in range(20):
        block = b'x' * 20_000_000
        kept.append(b'y' * 1000)
        del block
    return kept
before = resident()
kept = fill()
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells")
def test_blocks_of_megabytes_leave_nothing_behind() -> None:
    grown_kib = int(subprocess.check_output([sys.executable, "-c", _GROW], text=True, timeout=60))
    assert grown_kib < 5_000
