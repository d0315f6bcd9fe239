"""The receiver of who has no webhook: the message, readable, on a stream."""

from typing import TextIO

from o11y.alerting.incident import Thread
from o11y.alerting.notification import Notice, Notification
from o11y.alerting.plain_text import plain_text
from o11y.worker.ports import NotifyError


class LogNotifier:
    """Writes each message as a block of lines with an empty one after it, in one call, so that blocks do not mix."""

    threads = False

    def __init__(self, stream: TextIO, *, public_url: str | None = None) -> None:
        self._stream = stream
        self._public_url = public_url

    async def notify(self, message: Notification | Notice, *, thread: Thread | None = None) -> Thread | None:
        """Write it, or raise ``NotifyError`` when the stream does not take it. A log has no conversations."""
        text = plain_text(message, public_url=self._public_url) + "\n\n"
        try:
            self._stream.write(_writable(text, self._stream.encoding))
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: closed
            raise NotifyError(f"the log does not take it: {type(error).__name__}") from error
        return None


def _writable(text: str, encoding: str | None) -> str:
    """What the stream's encoding has no letters for becomes ``?``; a terminal in ASCII still gets its page."""
    return text.encode(encoding, "replace").decode(encoding) if encoding else text
