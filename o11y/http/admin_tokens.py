"""Who administers, and what they may do."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from o11y.http.client_secrets import ClientSecrets, Comparer


class Role(StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"

    def may(self, needed: "Role") -> bool:
        """An editor may all that a viewer may."""
        return self is Role.EDITOR or needed is Role.VIEWER


@dataclass(frozen=True, slots=True)
class Admin:
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Known:
    """An admin of now, with the SHA-256 of their token: what keys of theirs are derived from."""

    admin: Admin
    digest: bytes = field(repr=False)


class AdminTokens:
    """``tokens``: name -> token and role. Compared as clients' secrets are: all of them, every time, as digests."""

    __slots__ = ("_admins", "_compare")

    def __init__(self, tokens: Mapping[str, tuple[str, str]], *, compare: Comparer = hmac.compare_digest) -> None:
        """Raises ``ValueError`` for an empty token, one that two share, and a role that is none."""
        self._compare = compare
        self._admins = self._read(tokens)

    def admin_of(self, token: bytes) -> Admin | None:
        """The admin whose token these UTF-8 bytes are, space around them ignored."""
        secrets, admins = self._admins
        name = secrets.client_of(token)
        return None if name is None else admins[name].admin

    def find(self, name: str) -> Known | None:
        """Of somebody who proves who they are in another way, such as a session."""
        return self._admins[1].get(name)

    @property
    def digest(self) -> bytes:
        """Of all tokens together: another one after each change of them, and the same on every replica."""
        return sha256(b"".join(sorted(known.digest for known in self._admins[1].values()))).digest()

    def replace(self, tokens: Mapping[str, tuple[str, str]]) -> None:
        """These and no others from now on. Raises as the constructor does, and then the old ones stay."""
        self._admins = self._read(tokens)

    def _read(self, tokens: Mapping[str, tuple[str, str]]) -> tuple[ClientSecrets, dict[str, Known]]:
        secrets = ClientSecrets({name: [token] for name, (token, _) in tokens.items()}, compare=self._compare)
        return secrets, {
            name: Known(Admin(name, Role(role)), sha256(token.strip().encode()).digest())
            for name, (token, role) in tokens.items()
        }

    def __repr__(self) -> str:
        return f"AdminTokens(of {', '.join(sorted(self._admins[1]))})"
