"""ClickHouse: what was changed about objectives, every change of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from o11y.slo.override import Override, Selector, Values

#: overrides in force at a time, and so what each tick reads at most
MOST_OVERRIDES = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the overrides. ``before`` and ``after``: None where there was none, or is none any more.

    ``version`` numbers the changes of a selector; of two with one number, made at the same time on two replicas, the
    later one counts.
    """

    change_id: str
    version: int
    at: datetime
    by: str
    selector: Selector
    before: Values | None
    after: Values | None
    note: str = ""

    @property
    def override(self) -> Override | None:
        """What holds after it."""
        return None if self.after is None else Override(self.selector, self.after, self.by, self.at, self.note)


class OverrideStore(Protocol):
    """Nothing is ever removed: the changes are the audit, and the last of each selector is what holds.

    Every method raises ``StoreError``, and takes at most 2 s but ``append``.
    """

    async def current(self) -> Sequence[Override]:
        """Those in force, at most ``MOST_OVERRIDES``; in the order of objective, client, provider and model."""

    async def last(self, selector: Selector) -> Change | None:
        """The last change of it, though it may have removed the override."""

    async def append(self, change: Change) -> None:
        """Once for a ``change_id``, however often it is called."""

    async def changes(
        self,
        *,
        objective: str | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        most: int = 100,
    ) -> Sequence[Change]:
        """Those made in [since, before), of one objective if it is named; the newest first."""
