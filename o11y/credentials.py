"""Who may post, and who may administer, as people write it down: two small JSON texts.

Their errors say what is accepted, and nothing of what was given.
"""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SecretStr

ROLES = ("viewer", "editor")
#: of an admin token, in characters: neither the API nor a stolen cookie is to tell it to who guesses
LEAST_CHARACTERS = 16


class AdminToken(BaseModel):
    """Of somebody named in the settings. A viewer may read, an editor may change."""

    model_config = ConfigDict(frozen=True)

    token: SecretStr
    role: Literal["viewer", "editor"]


def parse_client_secrets(text: str) -> dict[str, tuple[str, ...]]:
    """Of ``{"client name": ["secret", "next secret"]}``; a single secret may stand without the list."""
    shape = 'accepted: JSON like {"my-gateway": ["secret", "next-secret"]}, no secret used by two clients'
    parsed = _object(text, shape)
    clients: dict[str, tuple[str, ...]] = {}
    for name, given in parsed.items():
        listed = [given] if isinstance(given, str) else given
        if not isinstance(listed, list) or not listed or not all(isinstance(s, str) and s.strip() for s in listed):
            raise ValueError(shape)
        if not name.strip():
            raise ValueError(shape)
        clients[name] = tuple(secret.strip() for secret in listed)
    every = [secret for listed in clients.values() for secret in set(listed)]
    if len(set(every)) != len(every):
        raise ValueError(shape)
    return clients


def parse_admin_tokens(text: str) -> dict[str, AdminToken]:
    """Of ``{"name": {"token": "...", "role": "viewer" or "editor"}}``."""
    shape = (
        'accepted: JSON like {"ann": {"token": "...", "role": "editor"}}, the role viewer or editor, '
        f"tokens of {LEAST_CHARACTERS} characters or more, none used by two"
    )
    admins: dict[str, AdminToken] = {}
    for name, given in _object(text, shape).items():
        if not isinstance(given, dict) or given.keys() != {"token", "role"} or given["role"] not in ROLES:
            raise ValueError(shape)
        token = given["token"]
        if not isinstance(token, str) or len(token.strip()) < LEAST_CHARACTERS or not name.strip():
            raise ValueError(shape)
        admins[name.strip()] = AdminToken(token=SecretStr(token.strip()), role=given["role"])
    if len({admin.token.get_secret_value() for admin in admins.values()}) != len(admins):
        raise ValueError(shape)
    return admins


def _object(text: str, shape: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(shape) from None
    if not isinstance(parsed, dict) or not parsed:
        raise ValueError(shape)
    return parsed
