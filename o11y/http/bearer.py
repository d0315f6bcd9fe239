"""Where a request carries its secret: ``Authorization: Bearer ...``, or ``X-O11Y-ADMIN-TOKEN``."""

from collections.abc import Mapping


def secret_in(headers: Mapping[bytes, bytes]) -> bytes | None:
    """``None`` when there is none; names are in lower case, as ASGI gives them."""
    scheme, _, secret = headers.get(b"authorization", b"").strip().partition(b" ")
    if scheme.lower() != b"bearer" or not secret.strip():
        secret = headers.get(b"x-o11y-admin-token", b"")
    return secret if secret.strip() else None
