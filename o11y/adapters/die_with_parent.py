"""Runs a program that ends with the process that started it, even when that one is killed (Linux).

    python die_with_parent.py <pid of the parent> <program> [argument...]

A program of its own, so that no Python code runs between fork and exec in a process with threads. The kernel's
promise is tied to the thread that started this program: keep that thread.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, program: str, *arguments: str) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == int(parent):  # else it died before the promise was made
        os.execv(program, [program, *arguments])  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
