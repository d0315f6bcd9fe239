"""No page of somebody else may act in the name of whoever is signed in here (CSRF).

Every form carries a token that only this session's pages can know. A browser that says where a request comes from is
believed as well, in the way of Go's ``http.CrossOriginProtection``: by ``Sec-Fetch-Site``, and by ``Origin`` where
that is missing.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlsplit

#: the hidden field of every form
FIELD = "csrf"


def form_token(key: bytes, mark: str) -> str:
    """``key`` and ``mark``: of the session, or of the sign-in form."""
    return hmac.new(key, f"form {mark}".encode(), sha256).hexdigest()


def is_token(given: str, key: bytes, mark: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(given.encode(), form_token(key, mark).encode())


def is_foreign(headers: Mapping[str, str], *, public_url: str | None) -> bool:
    """Whether the browser says that another site's page sent this. Names of ``headers`` in lower case.

    ``public_url``: an address of ours that the Host need not be, behind a proxy.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        place = urlsplit(origin).netloc.lower()
    except ValueError:
        return True
    ours = {headers.get("host", "").lower(), urlsplit(public_url or "").netloc.lower()} - {""}
    return place not in ours
