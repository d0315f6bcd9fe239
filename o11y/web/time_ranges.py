"""The stretch of time that an address asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from o11y.web.page import Refusal
from o11y.worker.tick import window_end
from o11y.worker.time_range import TimeRange, epoch, floor

NAMED = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
USUAL = "6h"
_LONGEST = timedelta(days=400)
_SHORTEST = timedelta(minutes=1)
_GRAIN_S = 10


@dataclass(frozen=True, slots=True)
class Chosen:
    """``name``: of the ranges that end now, or "" for one of its own."""

    name: str
    range: TimeRange

    @property
    def query(self) -> dict[str, str]:
        """What asks for it again, with its end as it is now."""
        if self.name:
            return {"range": self.name, "at": str(epoch(self.range.until))}
        return {"from": _text(self.range.since), "to": _text(self.range.until)}

    @property
    def lasting(self) -> dict[str, str]:
        """What asks for it at any time."""
        return {"range": self.name} if self.name else self.query

    @property
    def refresh_s(self) -> int:
        """How often its charts are worth being drawn anew; what has ended does not change."""
        if not self.name:
            return 600
        return max(15, min(300, self.range.step_s))


def chosen(query: Mapping[str, str], *, now: datetime, lag_s: int) -> Chosen:
    """``range``, up to ``at`` or now; or ``from`` and ``to``, UTC. Raises ``Refusal``."""
    newest = window_end(now, lag_s)
    if "from" in query or "to" in query:
        return Chosen("", _own(query, now=newest))
    name = query.get("range") or USUAL
    if name not in NAMED:
        raise Refusal(400, f"range: {name!r} refused; accepted: {', '.join(NAMED)}, or from and to")
    until = min(_at(query["at"], newest), newest) if query.get("at") else newest
    return Chosen(name, TimeRange.of(until - NAMED[name], until, now=now))


def hrefs(path: str, now: Chosen, **others: str) -> list[tuple[str, str, bool]]:
    """For the picker: words, address, whether it is the present one."""
    return [
        (
            name.replace("m", " min").replace("h", " h").replace("d", " d"),
            _href(path, {"range": name, **others}),
            name == now.name,
        )
        for name in NAMED
    ]


def _href(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode({name: text for name, text in query.items() if text})}"


def _own(query: Mapping[str, str], *, now: datetime) -> TimeRange:
    since, until = (_moment(name, query.get(name, "")) for name in ("from", "to"))
    until = min(until, now)
    if until - since < _SHORTEST:
        raise Refusal(400, "from, to: refused; accepted: at least a minute that is over, from before to")
    if now - since > _LONGEST:
        raise Refusal(400, f"from: {_text(since)} refused; accepted: the last {_LONGEST.days} days")
    return TimeRange.of(floor(since, _GRAIN_S), floor(until, _GRAIN_S), now=now)


def _moment(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"{name}: {text[:40]!r} refused; accepted: a UTC time such as 2026-11-21T14:30") from None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise Refusal(400, f"{name}: {text[:40]!r} refused; accepted: a time of the last 400 days") from None


def _at(text: str, newest: datetime) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Refusal(400, f"at: {text[:40]!r} refused; accepted: a Unix time in seconds")
    found = floor(datetime.fromtimestamp(0, UTC) + timedelta(seconds=min(int(text), 10**10)), _GRAIN_S)
    if newest - found > _LONGEST:
        raise Refusal(400, f"at: {text} refused; accepted: a time of the last {_LONGEST.days} days")
    return found


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
