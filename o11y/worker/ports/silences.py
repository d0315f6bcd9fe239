"""Where silences are kept, for every replica."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from o11y.alerting.silence import Silence


class TooManySilences(Exception):
    """There is no room for another one that is in force or to come."""


class SilenceStore(Protocol):
    """Every method raises ``MemoryLost``. What has ended is kept for five days, and then forgotten."""

    async def all(self) -> Sequence[Silence]:
        """In no order; those that have ended among them."""

    async def put(self, silence: Silence) -> Silence:
        """The first of an id is kept, and returned: asked twice, it is one silence. Raises ``TooManySilences``."""

    async def expire(self, silence_id: str, *, at: datetime, by: str) -> Silence | None:
        """As it is kept from now on; ended already, it stays as it is. None: there is no such silence."""
