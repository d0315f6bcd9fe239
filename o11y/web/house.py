"""What the dashboard as a whole is given."""

from collections.abc import Callable
from dataclasses import dataclass

from o11y import __version__
from o11y.http.admin_tokens import AdminTokens
from o11y.worker.ports import Clock


@dataclass(frozen=True, slots=True)
class House:
    """``monotonic``: seconds. ``tls``: o11y itself answers over TLS. ``public_url``: how people reach it, if told."""

    tokens: AdminTokens
    clock: Clock
    monotonic: Callable[[], float]
    tls: bool = False
    public_url: str | None = None
    version: str = __version__

    @property
    def secure(self) -> bool:
        """People come over TLS, whoever ends it."""
        return self.tls or (self.public_url or "").lower().startswith("https://")
