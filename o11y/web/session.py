"""Who is signed in: a signed cookie, and nothing that is stored.

Its key comes from the digest of the very token that was signed in with. So every replica agrees without a setting more,
and a token that is rotated or removed ends its sessions at once. What signing out cannot do is to end a copy of the
cookie: that, too, takes a new token.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from o11y.http.admin_tokens import Admin, AdminTokens
from o11y.web.signing import claimed, derived, sign, verified

VALID_FOR = timedelta(hours=12)
#: clocks of replicas may differ
_AHEAD = timedelta(minutes=1)
_LABEL = "o11y session"
_PURPOSE = "session"


@dataclass(frozen=True, slots=True)
class Session:
    """``mark``: random, the same for as long as it is renewed; what its forms are bound to."""

    admin: Admin
    issued_at: datetime
    mark: str
    key: bytes = field(repr=False)

    def half_over(self, now: datetime) -> bool:
        return now - self.issued_at >= VALID_FOR / 2


class Sessions:
    """Of those who have a token now."""

    def __init__(self, tokens: AdminTokens) -> None:
        self._tokens = tokens

    def begin(self, admin: Admin, now: datetime) -> Session:
        """Raises ``ValueError`` when the admin has no token any more."""
        known = self._tokens.find(admin.name)
        if known is None:
            raise ValueError(f"{admin.name!r} has no token")
        return Session(known.admin, _whole(now), token_urlsafe(16), derived(known.digest, _LABEL))

    def renewed(self, session: Session, now: datetime) -> Session:
        return replace(session, issued_at=_whole(now))

    def text(self, session: Session) -> str:
        """For the cookie."""
        content = [session.admin.name, int(session.issued_at.timestamp()), session.mark]
        return sign(content, key=session.key, purpose=_PURPOSE)

    def read(self, text: str, now: datetime) -> Session | None:
        """The session of a cookie; ``None`` when it is none of ours, over, or of a token that is no more."""
        name = _name(claimed(text))
        known = None if name is None else self._tokens.find(name)
        if known is None:
            return None
        key = derived(known.digest, _LABEL)
        content = verified(text, key=key, purpose=_PURPOSE)
        if content is None:
            return None
        _, issued, mark = content
        issued_at = datetime.fromtimestamp(issued, UTC)
        if not -_AHEAD <= now - issued_at < VALID_FOR:
            return None
        return Session(known.admin, issued_at, mark, key)


def _name(content: Any) -> str | None:
    match content:
        case [str(name), int(), str()]:
            return name
        case _:
            return None


def _whole(now: datetime) -> datetime:
    return now.replace(microsecond=0)
