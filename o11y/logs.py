"""Logs as JSON lines on stderr: one object an event, times in UTC."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter


def start_logging(level: str) -> None:
    """What o11y says at ``level`` and above, and what libraries say from warning on.

    At debug level libraries write down headers, bodies and URLs, secrets and addresses among them.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )
    )
    root = logging.getLogger()
    handler.setLevel(level.upper())  # also for a library that chose a level of its own
    root.handlers[:] = [handler]
    chosen = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(chosen, logging.WARNING))
    logging.getLogger("o11y").setLevel(chosen)
