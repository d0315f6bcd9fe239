"""Changing objectives while everything runs: checked like the file, kept with who and when, in force at the next tick.

Each replica reads them before each tick; see ``objectives_in_force``.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from o11y.slo.in_force import misfits
from o11y.slo.override import Override, Selector, Values
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.override_request import SPELLED, BadOverride
from o11y.worker.ports import Clock, StoreError
from o11y.worker.ports.overrides import MOST_OVERRIDES, Change, OverrideStore
from o11y.worker.selector_names import unusable

log = logging.getLogger(__name__)

#: for the changes of others that came before
WAIT_S = 10.0


class NoSuchObjective(Exception):
    """The objectives file has none of this name."""


class TooManyOverrides(Exception):
    """There is no room for another selector."""


class ObjectiveOverrides:
    """Every method raises ``StoreError``. Of two people who change one selector at once the later one counts.

    Here one change is made after another, so that each has in ``before`` what the last one left; one that had to wait
    for longer than ``WAIT_S`` is not made. Across replicas nothing orders them: of two changes made on two at the same
    moment both may have the same ``before``, and that of the later one may not be what it replaced.
    """

    def __init__(self, store: OverrideStore, in_force: ObjectivesInForce, *, clock: Clock) -> None:
        self._store, self._in_force, self._clock = store, in_force, clock
        self._changing = asyncio.Lock()

    async def put(
        self, selector: Selector, values: Values, *, by: str, note: str = "", spelled: Mapping[str, str] = SPELLED
    ) -> Override:
        """These values and no others for this selector from now on.

        Raises ``NoSuchObjective``, ``TooManyOverrides``, and ``BadOverride`` with the values as ``spelled``.
        """
        objective = self._in_force.named(selector.objective)
        if objective is None:
            raise NoSuchObjective(selector.objective)
        if found := [*unusable(selector), *misfits(objective, selector, values)]:
            raise BadOverride.of(found, spelled)
        async with self._one_at_a_time():
            last = await self._store.last(selector)
            kept = None if last is None else last.override
            if kept is not None and (kept.values, kept.note) == (values, note):
                return kept
            if kept is None and len(await self._store.current()) >= MOST_OVERRIDES:
                raise TooManyOverrides(f"There are {MOST_OVERRIDES:,} overrides already; remove one first")
            changed = await self._append(selector, last, values, by=by, note=note)
            return Override(selector, values, by, changed.at, note)

    async def remove(self, selector: Selector, *, by: str, note: str = "") -> Override | None:
        """The one that held until now; None: there was none. It may be of an objective that the file has no more."""
        async with self._one_at_a_time():
            last = await self._store.last(selector)
            if last is None or last.override is None:
                return None
            await self._append(selector, last, None, by=by, note=note)
            return last.override

    async def changes(
        self, *, objective: str | None = None, before: datetime | None = None, most: int = 100
    ) -> Sequence[Change]:
        """The newest first."""
        return await self._store.changes(objective=objective, before=before, most=most)

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_S):
                await self._changing.acquire()
        except TimeoutError:
            raise StoreError(f"changes before this one have taken longer than {WAIT_S:.0f} s") from None
        try:
            yield
        finally:
            self._changing.release()

    async def _append(
        self, selector: Selector, last: Change | None, after: Values | None, *, by: str, note: str
    ) -> Change:
        change = Change(
            change_id=secrets.token_hex(16),
            version=1 if last is None else last.version + 1,
            at=self._now(),
            by=by,
            selector=selector,
            before=None if last is None else last.after,
            after=after,
            note=note,
        )
        await self._store.append(change)
        log.info("objective changed", extra=_record(change))
        await self._in_force.renew()
        return change

    def _now(self) -> datetime:
        """As exact as it is kept."""
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _record(change: Change) -> dict[str, object]:
    return {
        "selector": str(change.selector),
        "by": change.by,
        "before": None if change.before is None else _shown(change.before),
        "after": None if change.after is None else _shown(change.after),
        "note": change.note,
    }


def _shown(values: Values) -> dict[str, str]:
    return {name: str(value) for name, value in values.given.items()}
