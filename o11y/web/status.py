"""``/status``: how o11y itself is, of the process that answers."""

from collections.abc import Awaitable, Callable, Sequence

from o11y.web.page import Page, View, Visit
from o11y.worker.condition import Condition


def status_pages(condition: Callable[[], Awaitable[Condition]]) -> Sequence[Page]:
    async def status(_: Visit) -> View:
        return View("status.html", {"found": await condition()})

    return [Page("/status", status)]
