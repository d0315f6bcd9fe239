"""The receiver of who has no webhook: the message, readable, on a stream."""

from typing import TextIO

from o11y.alerting.notification import Notice, Notification
from o11y.alerting.plain_text import plain_text
from o11y.worker.ports import NotifyError


class LogNotifier:
    """Writes each message as a block of lines with an empty one after it, in one call, so that blocks do not mix."""

    def __init__(self, stream: TextIO, *, public_url: str | None = None) -> None:
        self._stream = stream
        self._public_url = public_url

    async def notify(self, notification: Notification | Notice) -> None:
        """Write it, or raise ``NotifyError`` when the stream does not take it."""
        text = plain_text(notification, public_url=self._public_url) + "\n\n"
        try:
            self._stream.write(_writable(text, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: closed
            raise NotifyError(f"the log does not take it: {type(error).__name__}") from error


def _writable(text: str, encoding: str | None) -> str:
    """What the stream's encoding has no letters for becomes ``?``; a terminal in ASCII still gets its page."""
    return text.encode(encoding, "replace").decode(encoding) if encoding else text
