"""SIGHUP: secrets, tokens, receivers and the certificate are read again, and nobody is turned away meanwhile.

Everything else is read at the start alone: objectives, stores, limits, PostHog, addresses. A process's environment
cannot change either, so what is to be rotated belongs in files (``O11Y_..._FILE``), or is the secret made at the first
start.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from o11y.commands.clock import utc_now
from o11y.http.admin_tokens import AdminTokens
from o11y.http.client_secrets import ClientSecrets
from o11y.http.slack_signature import SlackSignature
from o11y.http.tls import CertificateUnusable, renew, server_context
from o11y.kept_secrets import admin_tokens, client_secrets
from o11y.receivers import notifiers_of, ways_of
from o11y.settings import Settings, SettingsError
from o11y.slo.windows import Severity
from o11y.worker.ports import Notifier

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Live:
    """The parts that can be given new values while they are used; ``settings`` are those in force."""

    settings: Settings
    secrets: ClientSecrets
    admins: AdminTokens
    slack: SlackSignature
    notifiers: dict[Severity, Notifier]
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of a first start are there already. Raises ``SettingsError``."""
        secrets, admins = ClientSecrets(client_secrets(settings)), AdminTokens(admin_tokens(settings))
        slack = SlackSignature(_slack_signature(settings), clock=utc_now)
        return cls(settings, secrets, admins, slack, notifiers_of(settings), _tls(settings))

    def take(self, fresh: Settings) -> None:
        """All of it, or none when a part is unusable. Raises ``SettingsError``."""
        secrets, admins = client_secrets(fresh), admin_tokens(fresh)  # both are sound, or it ends here
        # A receiver that stays keeps its pace, and the silence that Slack asked it for.
        notifiers = notifiers_of(fresh) if ways_of(fresh) != ways_of(self.settings) else self.notifiers
        if self.tls is not None and fresh.tls_cert_file and fresh.tls_key_file:
            with _named():
                renew(self.tls, fresh.tls_cert_file, key=fresh.tls_key_file)
        self.secrets.replace(secrets)
        self.admins.replace(admins)
        self.slack.replace(_slack_signature(fresh))
        self.notifiers.update(notifiers)
        self.settings = fresh


async def reload_when(asked: asyncio.Event, live: Live, *, reread: Callable[[], Settings]) -> None:
    """At every ``asked``, until cancelled. What is unusable is logged by name, and what was in force stays."""
    while True:
        await asked.wait()
        asked.clear()
        try:
            live.take(await asyncio.to_thread(reread))
        except (SettingsError, ValueError) as error:
            log.error("settings not taken, those before stay in force", extra={"error": str(error)})
        except Exception:  # the loop's edge: the next SIGHUP is answered too
            log.exception("settings not taken, those before stay in force")
        else:
            log.info(
                "settings taken: client secrets, admin tokens, Slack, certificate",
                extra={"secrets": repr(live.secrets)},
            )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    with _named():
        return server_context(settings.tls_cert_file, settings.tls_key_file)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except CertificateUnusable as error:
        raise SettingsError(f"O11Y_TLS_CERT_FILE, O11Y_TLS_KEY_FILE: {error}") from None


def _slack_signature(settings: Settings) -> str | None:
    return None if settings.slack_signing_secret is None else settings.slack_signing_secret.get_secret_value()
