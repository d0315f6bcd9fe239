"""Who is posting: secrets of clients, compared without telling how close a wrong one came."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256


class ClientSecrets:
    """The secrets of each client; several are valid at once during a rotation. Only their digests are kept."""

    __slots__ = ("_digests",)

    def __init__(self, secrets: Mapping[str, Sequence[str]]) -> None:
        self._digests: list[tuple[bytes, str]] = []
        owners: dict[bytes, str] = {}
        for client, texts in secrets.items():
            for text in texts:
                if not text.strip():
                    raise ValueError(f"client {client!r} has an empty secret")
                digest = sha256(text.strip().encode()).digest()
                if owners.setdefault(digest, client) != client:
                    raise ValueError(f"clients {owners[digest]!r} and {client!r} share a secret; each needs its own")
                self._digests.append((digest, client))

    def client_of(self, secret: bytes) -> str | None:
        """The client whose secret these UTF-8 bytes are, space around them ignored; all are compared every time."""
        digest = sha256(secret.strip()).digest()
        found = None
        for known, client in self._digests:
            if hmac.compare_digest(known, digest):
                found = client
        return found

    def __repr__(self) -> str:
        return f"ClientSecrets({len(self._digests)} secrets of {len({client for _, client in self._digests})} clients)"
