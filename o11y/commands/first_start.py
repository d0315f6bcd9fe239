"""Secrets that nobody has set are made at the first start, and told to the person at the terminal once."""

from dataclasses import dataclass

from o11y.kept_secrets import (
    ADMINS_FILE,
    CLIENTS_FILE,
    admin_tokens,
    client_secrets,
    first_admin_tokens,
    first_client_secrets,
)
from o11y.settings import Settings


@dataclass(frozen=True, slots=True)
class Made:
    """What was made just now."""

    clients: bool
    admins: bool


def make_secrets(settings: Settings) -> Made:
    return Made(first_client_secrets(settings), first_admin_tokens(settings))


def tell(made: Made, settings: Settings) -> None:
    if made.clients:
        for client, (secret, *_) in client_secrets(settings).items():
            print(f"first start: client {client!r} may post with the secret {secret}", flush=True)
        print(f"             it is kept in {settings.data_dir / CLIENTS_FILE}", flush=True)
    if made.admins:
        for name, (token, role) in admin_tokens(settings).items():
            print(f"first start: {role} {name!r} may sign in, and use the HTTP API, with the token {token}", flush=True)
        print(f"             it is kept in {settings.data_dir / ADMINS_FILE}", flush=True)
