"""Logs as JSON lines on stderr: one object an event, times in UTC."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

_NOISY = ("apscheduler", "hypercorn.access", "posthog", "slack_sdk", "urllib3", "clickhouse_connect", "asyncio")


def start_logging(level: str) -> None:
    """Everything at ``level`` and above; chatty libraries from warning on."""
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
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
