"""What ends, or halts, a process in the middle of what it does: at a step named by its parent, before or after it.

Every step that leaves a trace outside the process passes here: each script in Redis, each call of a receiver, each row
of the alert history.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from o11y.adapters.slack.conversation import SlackConversation
from o11y.app import Stores
from o11y.slo.windows import Severity
from o11y.worker.ports import Notifier

#: of a message: kept with its incident, sent, received, written down as told; the edit is of a conversation alone
COMMIT, SEND, EDIT, RECEIVE, DONE, HISTORY = "commit", "send", "chat.update", "receive", "done", "history"
#: of a minute
LEASE, FINISH = "acquire", "finish"
#: any of them all
ANY = "any"

_SIGNALS = {"die": signal.SIGKILL, "halt": signal.SIGSTOP}


@dataclass(slots=True)
class Fate:
    """Of one process. It counts the steps of incidents that Redis refused, since another evaluator was first."""

    _refused: int = 0
    _point: str = ""
    _before: bool = False
    _calls: int = 0  # of the point, until it happens
    _signal: signal.Signals = signal.SIGKILL

    def meet(self, words: str) -> None:
        """``die commit before 1``, ``halt send after 2``, ``live``."""
        what, *where = words.split()
        self._point = ""
        if what in _SIGNALS:
            point, when, calls = where
            self._signal, self._before, self._calls = _SIGNALS[what], when == "before", int(calls)
            self._point = point

    def reach(self, point: str, *, before: bool) -> None:
        if before is self._before and self._point in (point, ANY):
            self._calls -= 1
            if self._calls == 0:
                self._point = ""
                os.kill(os.getpid(), self._signal)

    def refused(self) -> int:
        """Since it was last asked."""
        found, self._refused = self._refused, 0
        return found

    # ------------------------------------------------------------ the steps

    def rules(self, stores: Stores, notifiers: dict[Severity, Notifier]) -> None:
        """Before anything else asks them for their methods."""
        run, append = stores.redis.run, stores.spool.append_history

        async def running(script: Any, keys: Any, arguments: Any) -> Any:
            point = _step(arguments)
            self.reach(point, before=True)
            answer = await run(script, keys, arguments)
            self._refused += point == COMMIT and answer == "stale"
            self.reach(point, before=False)
            return answer

        stores.redis.run = running  # type: ignore[method-assign]
        stores.spool.append_history = self._passing(HISTORY, append)  # type: ignore[method-assign]
        for notifier in {id(notifier): notifier for notifier in notifiers.values()}.values():
            self._rule(notifier)

    def _rule(self, notifier: Any) -> None:
        if isinstance(notifier, SlackConversation):
            call = notifier._api.call

            async def calling(method: str, arguments: dict[str, Any]) -> dict[str, Any]:
                point = EDIT if method == EDIT else SEND
                self.reach(point, before=True)
                answer = await call(method, arguments)
                self.reach(point, before=False)
                return answer

            notifier._api.call = calling  # type: ignore[method-assign]
            return
        send = notifier._send

        async def sending(message: Any) -> None:
            self.reach(SEND, before=True)
            await send(message)
            self.reach(SEND, before=False)

        notifier._send = sending

    def _passing(self, point: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def passing(*arguments: Any, **more: Any) -> Any:
            self.reach(point, before=True)
            answer = call(*arguments, **more)
            self.reach(point, before=False)
            return answer

        return passing


def _step(arguments: Any) -> str:
    """A commit is a step of its own kind when a message is kept with it: the one that a message may be lost by."""
    name = str(arguments[0])
    return "note" if name == COMMIT and len(arguments) <= 8 else name
