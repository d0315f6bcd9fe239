"""Who is posting: secrets of clients, compared without telling how close a wrong one came."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

#: constant in time for values of equal length, as digests are
Comparer = Callable[[bytes, bytes], bool]


class ClientSecrets:
    """The secrets of each client; several are valid at once during a rotation. Only their digests are kept."""

    __slots__ = ("_compare", "_digests")

    def __init__(self, secrets: Mapping[str, Sequence[str]], *, compare: Comparer = hmac.compare_digest) -> None:
        self._compare = compare
        self._digests = _digests(secrets)

    def client_of(self, secret: bytes) -> str | None:
        """The client whose secret these UTF-8 bytes are, space around them ignored; all are compared every time."""
        digest = sha256(secret.strip()).digest()
        found = None
        for known, client in self._digests:
            if self._compare(known, digest):
                found = client
        return found

    def replace(self, secrets: Mapping[str, Sequence[str]]) -> None:
        """These and no others from now on. One assignment: a request is judged by the old ones or by the new ones.

        Raises ``ValueError`` as the constructor does, and then the old ones stay.
        """
        self._digests = _digests(secrets)

    def __repr__(self) -> str:
        return f"ClientSecrets({len(self._digests)} secrets of {len({client for _, client in self._digests})} clients)"


def _digests(secrets: Mapping[str, Sequence[str]]) -> tuple[tuple[bytes, str], ...]:
    owners: dict[bytes, str] = {}
    for client, texts in secrets.items():
        for text in texts:
            if not text.strip():
                raise ValueError(f"client {client!r} has an empty secret")
            owner = owners.setdefault(sha256(text.strip().encode()).digest(), client)
            if owner != client:
                raise ValueError(f"clients {owner!r} and {client!r} share a secret; each needs its own")
    return tuple(owners.items())
