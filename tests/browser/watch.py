"""What a page must not do while nobody looks at it: log errors, break its policy, ask others."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, Route, WebError

_HARMLESS = "net::ERR_ABORTED"  # the page was left while something was under way
_LOUD = frozenset({"error", "warning", "assert"})


class Watch:
    """``problems`` of all pages of a context, in words. What is for another host is stopped, and told.

    ``expected``: statuses that are none.
    """

    def __init__(self, context: "BrowserContext", url: str, *, expected: Collection[int] = ()) -> None:
        self.problems: list[str] = []
        self._expected = expected
        self._url = url
        context.route(lambda asked: not self._is_ours(asked), self._stop)
        context.on("console", self._said)
        context.on("weberror", self._failed)
        context.on("requestfailed", self._unanswered)
        context.on("response", self._answered)

    def _is_ours(self, asked: str) -> bool:
        return asked.startswith((f"{self._url}/", "data:", "blob:", "about:"))

    def _stop(self, route: "Route") -> None:
        self.problems.append(f"asked another host: {route.request.url}")
        route.abort()

    def _said(self, message: "ConsoleMessage") -> None:
        if message.type in _LOUD and not any(f"status of {status}" in message.text for status in self._expected):
            self.problems.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _failed(self, error: "WebError") -> None:
        self.problems.append(f"uncaught: {error.error}")

    def _unanswered(self, request: "Request") -> None:
        if request.failure != _HARMLESS:
            self.problems.append(f"no answer: {request.url} ({request.failure})")

    def _answered(self, response: "Response") -> None:
        if response.status >= 400 and response.status not in self._expected:
            self.problems.append(f"{response.status} from {response.url}")
