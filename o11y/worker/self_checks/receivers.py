"""The receivers: one that has taken no message for minutes while some wait."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from o11y.slo.windows import Severity
from o11y.worker.self_checks.trouble import Kind, Trouble, lasting

FAILING_AFTER = timedelta(minutes=5)
_OTHER = {Severity.PAGE: Severity.TICKET, Severity.TICKET: Severity.PAGE}


class ReceiverCheck:
    """``failing_since``: the severities whose receiver takes nothing. ``apart``: theirs are two different receivers.

    Told through the other severity's receiver; where that is the same or fails as well, the log, the metrics and
    ``/readyz`` alone know.
    """

    kinds = frozenset({Kind.RECEIVER_FAILING})

    def __init__(self, failing_since: Callable[[], Mapping[Severity, datetime]], *, apart: Callable[[], bool]) -> None:
        self._failing_since = failing_since
        self._apart = apart

    async def look(self, now: datetime) -> Sequence[Trouble]:
        failing = self._failing_since()
        return [
            _failing(severity, since, now, through=self._other(severity, failing))
            for severity, since in failing.items()
            if not takes(severity, failing, now=now)
        ]

    def _other(self, severity: Severity, failing: Mapping[Severity, datetime]) -> Severity | None:
        other = _OTHER[severity]
        return other if other not in failing and self._apart() else None


def takes(severity: Severity, failing_since: Mapping[Severity, datetime], *, now: datetime) -> bool:
    """Whether messages of the severity are delivered, as far as the last minutes have shown."""
    since = failing_since.get(severity)
    return since is None or now - since < FAILING_AFTER


def _failing(severity: Severity, since: datetime, now: datetime, *, through: Severity | None) -> Trouble:
    return Trouble(
        Kind.RECEIVER_FAILING,
        through,
        f"The receiver of {severity}s takes no message",
        f"No {severity} has been delivered since {since:%H:%M} UTC ({lasting(now - since)}), though some wait.\n"
        "They are kept for 24 h and tried again and again. The log has the receiver's answers; `o11y notify test` "
        "tries it now. Until then look at the dashboard, or at the alert history.",
        since=since,
        of=severity,
    )
