"""Small texts that only we can have written: JSON and its signature, in characters that a cookie may have."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from itsdangerous import BadSignature, Signer

#: of a signed text; browsers keep cookies of up to 4096
LONGEST = 4_000


def derived(digest: bytes, label: str) -> bytes:
    """A key of its own for each use of one secret."""
    return hmac.new(digest, label.encode(), sha256).digest()


def sign(content: Any, *, key: bytes, purpose: str) -> str:
    """``purpose``: a text signed for one is not good for another."""
    payload = urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).rstrip(b"=")
    return _signer(key, purpose).sign(payload).decode()


def verified(text: str, *, key: bytes, purpose: str) -> Any:
    """What was signed, or ``None``. Compared in constant time."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        return _content(_signer(key, purpose).unsign(text.encode()))
    except BadSignature:
        return None


def claimed(text: str) -> Any:
    """What it says without proof, to learn whose key it is to be verified with; ``None`` for what is no such text."""
    if len(text) > LONGEST or not text.isascii():
        return None
    return _content(text.rpartition(".")[0].encode())


def _content(payload: bytes) -> Any:
    try:
        return json.loads(urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None


def _signer(key: bytes, purpose: str) -> Signer:
    return Signer(key, salt=purpose.encode(), key_derivation="hmac", digest_method=sha256)
