"""The real clock. Only commands ask it; everything else is told the time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


def parse_time(text: str | None, *, option: str = "--at") -> datetime:
    """RFC 3339 or unix seconds; now when there is none. Raises ``ValueError`` with the option, and what is accepted."""
    if text is None:
        return utc_now()
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{option}: {text!r} is not a time; accepted: 2026-08-12T17:05:00Z or unix seconds") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
