"""Secrets in force: those of the settings, or those made at a first start and kept in the data folder (mode 0600)."""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from o11y.credentials import AdminToken, parse_admin_tokens, parse_client_secrets
from o11y.settings import Settings, SettingsError

T = TypeVar("T")

CLIENTS_FILE = "client-secrets.json"
ADMINS_FILE = "admin-tokens.json"

ClientSecrets = Mapping[str, tuple[str, ...]]
AdminTokens = Mapping[str, tuple[str, str]]
"""Name -> token and role."""


def client_secrets(settings: Settings) -> ClientSecrets:
    """Raises ``SettingsError`` with the file's path."""
    if settings.client_secrets:
        return {
            name: tuple(secret.get_secret_value() for secret in listed)
            for name, listed in settings.client_secrets.items()
        }
    return _kept(settings.data_dir / CLIENTS_FILE, parse_client_secrets)


def admin_tokens(settings: Settings) -> AdminTokens:
    """Raises ``SettingsError`` with the file's path."""
    admins: Mapping[str, AdminToken] = settings.admin_tokens
    if not admins:
        admins = _kept(settings.data_dir / ADMINS_FILE, parse_admin_tokens)
    return {name: (admin.token.get_secret_value(), admin.role) for name, admin in admins.items()}


def first_client_secrets(settings: Settings) -> bool:
    """Made once, unless the settings have some; whether just now."""
    made = {"default": [secrets.token_urlsafe(24)]}
    return not settings.client_secrets and _made(settings.data_dir / CLIENTS_FILE, made)


def first_admin_tokens(settings: Settings) -> bool:
    """As ``first_client_secrets``."""
    made = {"admin": {"token": secrets.token_urlsafe(24), "role": "editor"}}
    return not settings.admin_tokens and _made(settings.data_dir / ADMINS_FILE, made)


def _made(path: Path, fresh: object) -> bool:
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(fresh))
    return True


def _kept(path: Path, parse: Callable[[str], T]) -> T:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({type(error).__name__})") from None
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from None
