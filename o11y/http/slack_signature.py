"""Whether a request is Slack's own: its signature over body and time.

https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

from collections.abc import Mapping

from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from o11y.worker.ports import Clock

_TIMESTAMP = b"x-slack-request-timestamp"
_SIGNATURE = b"x-slack-signature"


class SlackSignature:
    """Judges with one signing secret, which may be replaced while it is used; without one nothing is Slack's.

    A signature is good for five minutes by ``clock``, in both directions. The secret is in no repr.
    """

    def __init__(self, signing_secret: str | None, *, clock: Clock) -> None:
        self._clock = _Clock(clock)
        self.replace(signing_secret)

    def replace(self, signing_secret: str | None) -> None:
        self._verifier = SignatureVerifier(signing_secret, self._clock) if signing_secret else None

    @property
    def expected(self) -> bool:
        return self._verifier is not None

    def signs(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether there is one at all: what is worth reading the body for."""
        return bool(headers.get(_TIMESTAMP)) and bool(headers.get(_SIGNATURE))

    def is_valid(self, headers: Mapping[bytes, bytes], body: bytes) -> bool:
        if self._verifier is None:
            return False
        timestamp, signature = (headers.get(name, b"").decode("latin-1") for name in (_TIMESTAMP, _SIGNATURE))
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError, OverflowError):  # no number, beyond all time, not ASCII, not UTF-8
            return False


class _Clock(SlackClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock().timestamp()
