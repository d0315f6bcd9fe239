"""``o11y notify test``: a message marked as a test to each receiver, and what came back.

It needs the settings alone: no store is opened, nothing goes through the outbox, and nothing is remembered. So it works
beside a running worker, and without one.
"""

import asyncio
import json
import os
import pwd
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from time import perf_counter

from o11y.adapters.log_notifier import LogNotifier
from o11y.alerting.notification import Notice
from o11y.alerting.quantities import latency
from o11y.commands.clock import utc_now
from o11y.receivers import notifiers_of
from o11y.settings import Settings
from o11y.slo.windows import Severity
from o11y.worker.delivery import SEND_DEADLINE_S
from o11y.worker.ports import Notifier, NotifyError


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back of one receiver. ``error`` is in the receiver's own words, where it has some."""

    severity: str
    receiver: str  # log, webhook or bot
    delivered: bool
    took_ms: int
    error: str | None = None
    maybe_delivered: bool = False  # the answer was lost


def test(settings: Settings, severities: Sequence[Severity], *, as_json: bool) -> int:
    """Exit code 1 when a receiver did not take it. With ``as_json`` stdout holds the answers alone."""
    notifiers = notifiers_of(settings, stream=sys.stderr if as_json else sys.stdout)
    found = asyncio.run(answers(notifiers, severities, sender=sender(), now=utc_now()))
    if as_json:
        print(json.dumps([asdict(answer) for answer in found], indent=2))
    else:
        for answer in found:
            print(words(answer))
    return 0 if all(answer.delivered for answer in found) else 1


async def answers(
    notifiers: Mapping[Severity, Notifier], severities: Sequence[Severity], *, sender: str, now: datetime
) -> list[Answer]:
    """One receiver after the other, as two webhooks may be one."""
    return [await _try(notifiers[severity], test_message(severity, sender=sender, now=now)) for severity in severities]


def test_message(severity: Severity, *, sender: str, now: datetime) -> Notice:
    return Notice(
        notice_id=f"test-{severity}-{now:%Y%m%dT%H%M%S%f}",
        severity=severity,
        title="Test message: nothing is wrong",
        text=f"This is a test: nothing is wrong. A {severity} would arrive here.\n"
        f"Sent by {sender} with `o11y notify test`.",
        at=now,
    )


async def _try(notifier: Notifier, message: Notice) -> Answer:
    error, maybe = None, False
    started = perf_counter()
    try:
        async with asyncio.timeout(SEND_DEADLINE_S):
            await notifier.notify(message)
    except NotifyError as failed:
        error, maybe = str(failed), failed.maybe_delivered
    except TimeoutError:
        error, maybe = f"no answer within {SEND_DEADLINE_S} s", True
    took_ms = round((perf_counter() - started) * 1000)
    return Answer(message.severity.value, _kind(notifier), error is None, took_ms, error, maybe)


def words(answer: Answer) -> str:
    """One line for a terminal."""
    receiver = f"{answer.severity:<6} ({answer.receiver})"
    if not answer.delivered:
        doubt = "; it may have been delivered all the same" if answer.maybe_delivered else ""
        return f"{receiver}: NOT delivered after {latency(answer.took_ms)}: {answer.error}{doubt}"
    if answer.receiver == "log":
        return f"{receiver}: printed here, as nothing else is set for {answer.severity}s; see O11Y_SLACK_*"
    return f"{receiver}: delivered in {latency(answer.took_ms)}"


def sender() -> str:
    """Who runs this, as far as the machine knows."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have no name
        user = f"user {os.getuid()}"
    return f"{user} on {socket.gethostname()}"


def _kind(notifier: Notifier) -> str:
    if isinstance(notifier, LogNotifier):
        return "log"
    return "bot" if getattr(notifier, "threads", False) else "webhook"
