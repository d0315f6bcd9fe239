"""The overview's address: which rows, in which order, on which page. What it cannot mean is refused by name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from o11y.web.page import Refusal
from o11y.worker.snapshot import Order, State, Wanted

#: what ``severity`` takes, in the order of its choices, with the words for it
SEVERITIES: Mapping[str, tuple[str, Collection[State]]] = {
    "": ("any state", ()),
    "firing": ("firing", (State.PAGE, State.TICKET)),
    "page": ("page", (State.PAGE,)),
    "ticket": ("ticket", (State.TICKET,)),
    "no-data": ("no data", (State.NO_DATA,)),
    "recovering": ("recovering", (State.RECOVERING,)),
    "over": ("over a threshold, not firing", (State.BURNING,)),
}
_NAMES = ("client", "provider", "model", "objective")
_LONGEST_NAME = 1_024
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class OverviewQuery:
    client: str = ""
    provider: str = ""
    model: str = ""
    objective: str = ""
    severity: str = ""
    sort: Order = Order.TROUBLE
    reverse: bool = False
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "OverviewQuery":
        """Raises ``Refusal``."""
        names = {name: query.get(name, "").strip() for name in _NAMES}
        for name, text in names.items():
            if len(text) > _LONGEST_NAME:
                raise Refusal(400, f"{name}: {len(text)} characters refused; accepted: at most {_LONGEST_NAME}")
        severity = query.get("severity", "")
        if severity not in SEVERITIES:
            raise Refusal(400, f"severity: {severity!r} refused; accepted: {', '.join(filter(None, SEVERITIES))}")
        sort, direction = query.get("sort") or Order.TROUBLE.value, query.get("dir", "")
        if sort not in set(Order):
            raise Refusal(400, f"sort: {sort!r} refused; accepted: {', '.join(Order)}")
        if direction not in ("", "reverse"):
            raise Refusal(400, f"dir: {direction!r} refused; accepted: reverse")
        return cls(**names, severity=severity, sort=Order(sort), reverse=bool(direction), page=_page(query.get("page")))

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.client, self.provider, self.model, self.objective, SEVERITIES[self.severity][1])

    @property
    def is_narrowed(self) -> bool:
        return any((self.client, self.provider, self.model, self.objective, self.severity))

    @property
    def href(self) -> str:
        """What is as it is anyway is left out."""
        given = {name: getattr(self, name) for name in (*_NAMES, "severity") if getattr(self, name)}
        if self.sort is not Order.TROUBLE:
            given["sort"] = self.sort.value
        if self.reverse:
            given["dir"] = "reverse"
        if self.page > 1:
            given["page"] = str(self.page)
        return f"/?{urlencode(given)}" if given else "/"

    def sorted_by(self, order: Order) -> "OverviewQuery":
        """By another column, or by the same the other way round; from the first page on."""
        return replace(self, sort=order, reverse=order is self.sort and not self.reverse, page=1)

    def on_page(self, page: int) -> "OverviewQuery":
        return replace(self, page=page)


def _page(text: str | None) -> int:
    if text is None or text == "":
        return 1
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= _MOST_PAGES):
        raise Refusal(400, f"page: {text[:40]!r} refused; accepted: a number from 1 to {_MOST_PAGES}")
    return int(text)
