"""The objectives of now: those of the file with their overrides, read anew before each tick on every replica."""

import asyncio
import logging
from collections.abc import Sequence

from o11y.slo.in_force import Inert, InForce, in_force
from o11y.slo.objective import Objective
from o11y.slo.override import Override
from o11y.worker.ports import StoreError
from o11y.worker.ports.overrides import OverrideStore

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 2.0


class ObjectivesInForce:
    """``current`` never waits; ``renew`` asks the store, and keeps what was known when that does not answer."""

    def __init__(self, file: Sequence[Objective], store: OverrideStore) -> None:
        self.file = tuple(file)
        self._store = store
        self._overrides: tuple[Override, ...] = ()
        self._found = InForce(self.file)
        self._failing = False

    def current(self) -> tuple[Objective, ...]:
        """The same object for as long as nothing has changed."""
        return self._found.objectives

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Those that are kept, the inert ones among them."""
        return self._overrides

    @property
    def inert(self) -> tuple[Inert, ...]:
        """Overrides that the objectives file leaves nothing to do, and why."""
        return self._found.inert

    def named(self, name: str) -> Objective | None:
        return next((objective for objective in self.current() if objective.name == name), None)

    async def renew(self) -> tuple[Objective, ...]:
        """As the store has them now. Takes at most 2 s, and never raises."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                found = tuple(await self._store.current())
        except (StoreError, TimeoutError) as error:
            self._unanswered(error)
        else:
            self._failing = False
            if found != self._overrides:
                self._take(found)
        return self.current()

    def _take(self, overrides: tuple[Override, ...]) -> None:
        known = {each.override for each in self._found.inert}
        self._overrides, self._found = overrides, in_force(self.file, overrides)
        log.info("objectives have changed", extra={"overrides": len(overrides) - len(self._found.inert)})
        for each in self._found.inert:
            if each.override not in known:
                about = {"override": str(each.override.selector), "because": each.why}
                log.warning("an override does not fit the objectives file, and does nothing", extra=about)

    def _unanswered(self, error: Exception) -> None:
        """Told once, not every minute."""
        if self._failing:
            return
        self._failing = True
        kept = f"the {len(self._overrides)} known stay" if self._overrides else "those of the file hold"
        log.warning("overrides of objectives could not be read", extra={"error": str(error), "meanwhile": kept})
