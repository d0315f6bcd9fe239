"""Secrets and addresses that occur nowhere else, and the search for them in everything that was written."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

CLIENT_SECRET = "canary-client-secret-Kx7"
NEXT_SECRET = "canary-next-secret-sœ9"
WRONG_SECRET = "canary-guessed-secret-Qz3"
ADMIN_TOKEN = "canary-admin-token-Tb8"
POSTHOG_KEY = "phc_canaryKeyM4w"
CLICKHOUSE_PASSWORD = "canary-clickhouse-pässword/+"
REDIS_PASSWORD = "canary-redis-password-J2"
WEBHOOK_SECRET = "s3cretS3cret"  # the end of the stand-in's webhook path
#: no secret: where a search finds it, it would have found the others
MARKER = "canary-organization-V5t"
IPV4, IPV6, PEER = "203.0.113.77", "2001:db8:ca9a:4e::7", "198.51.100.99"

SECRETS = {
    "client secret": CLIENT_SECRET,
    "next client secret": NEXT_SECRET,
    "wrong secret": WRONG_SECRET,
    "admin token": ADMIN_TOKEN,
    "PostHog key": POSTHOG_KEY,
    "ClickHouse password": CLICKHOUSE_PASSWORD,
    "Redis password": REDIS_PASSWORD,
    "webhook": WEBHOOK_SECRET,
}
ADDRESSES = {"IPv4": IPV4, "IPv6": IPV6, "address of the peer": PEER}


def forms(text: str) -> Iterator[bytes]:
    """As it is, and as somebody might write it down on the way."""
    raw = text.encode()
    yield raw
    yield quote(text, safe="").encode()
    yield text.encode("unicode_escape")
    yield raw.hex().encode()
    for start in range(3):  # base64 of something with it inside, wherever it starts
        encoded = base64.b64encode(b"x" * start + raw)
        yield encoded[4 if start else 0 : len(encoded) - 4]


def leaks(written: Mapping[str, bytes | str], searched: Mapping[str, str]) -> list[str]:
    """``"IPv4 in the log"`` for each that was found."""
    found = []
    for place, content in written.items():
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        found += [f"{name} in {place}" for name, text in searched.items() if any(form in data for form in forms(text))]
    return found


def files(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Every file under a folder, read whole; sockets and what vanishes meanwhile are left out."""
    found = {}
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path.name not in but:
                found[str(path.relative_to(folder))] = path.read_bytes()
        except FileNotFoundError:
            continue
    return found
