"""What the webhook and the Web API share of slack-sdk's manners: what went wrong, in words without a secret."""

import logging
import math
import re
from collections.abc import Mapping
from urllib.error import URLError

LONGEST_RETRY_AFTER_S = 300.0
#: of everything that one delivery does; below the 10 s that a receiver has
DEADLINE_S = 9.5


def muted() -> logging.Logger:
    """The SDK logs URLs and headers."""
    logger = logging.Logger("slack_sdk.muted", level=logging.CRITICAL)
    logger.disabled = True
    return logger


def words_of(error: BaseException) -> str:
    """Of a call that had no answer. Never the error's own text, which may carry the URL."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__


def reason_word(text: object) -> str:
    """Slack's one-word reasons only: a page of somebody's proxy says nothing, and may quote the URL."""
    word = text.strip() if isinstance(text, str) else ""
    return word if re.fullmatch(r"[a-z_]{2,60}", word) else ""


def asked_to_wait_s(status: int, headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds, capped; ``None`` where the outbox's own pause will do."""
    if status not in (429, 503):
        return None
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        seconds = float(given)
    except ValueError:  # absent, or a date
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S) if not math.isnan(seconds) else None
