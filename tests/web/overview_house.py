"""The overview and the pages of dimensions, over stand-ins."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from o11y.alerting.book import Book
from o11y.slo.dimension import Dimension
from o11y.slo.status_class import StatusClass
from o11y.web.dimension import DimensionPages
from o11y.web.overview import overview_pages
from o11y.worker.open_incidents import OpenIncidents
from o11y.worker.ports import MemoryLost, StoreError
from o11y.worker.ports.responses import Response, Taken
from o11y.worker.ports.series import (
    AlertsAsked,
    Asked,
    BreakdownAsked,
    CountsAsked,
    LastBadAsked,
    LatencyAsked,
    RequestsAsked,
    Rows,
    Seen,
)
from o11y.worker.series import Series
from o11y.worker.speaking import Speaking
from o11y.worker.tick import Health
from tests.web.dashboard_house import NOW, DashboardHouse
from tests.worker.overview_stage import OverviewStage


class FakeSeries:
    """A ``SeriesStore``: one row for each question, or what a test put there by the type of question."""

    def __init__(self) -> None:
        self.fail: set[type] = set()
        self.known = True
        self.tool = "read"
        self.asked: list[Asked] = []

    async def ask(self, asked: Asked) -> Rows:
        self.asked.append(asked)
        if type(asked) in self.fail:
            raise StoreError("away")
        match asked:
            case RequestsAsked(stretch=stretch):
                return [
                    (
                        _epoch(stretch.since),
                        10,
                        1,
                        *(1 if each is StatusClass.OVERLOADED else 0 for each in StatusClass),
                    )
                ]
            case LatencyAsked(stretch=stretch):
                return [(_epoch(stretch.since), 10, 100.0, 900.0, 5_000.0)]
            case CountsAsked(slis=slis, stretches=stretches):
                return [(_epoch(stretches[-1].until) - stretches[-1].grain_s, *((1, 100) * len(slis)))]
            case AlertsAsked(since=since):
                return [("error-rate", "page", since, None)]
            case BreakdownAsked():
                return [("tool", self.tool, 3, 4), ("status", "503", 5, 5)]
            case LastBadAsked():
                name = self.tool
                event = (NOW, name, name, name, 503, 9, 99, True, name, name, [name], name, name, name, "id-1")
                return [event]

    def sql(self, asked: Asked) -> str:
        return f"SELECT '{type(asked).__name__}'"

    async def seen(self, dimension: Dimension) -> Seen | None:
        return Seen(1, NOW, NOW) if self.known else None


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


class FakeResponses:
    def __init__(self) -> None:
        self.acknowledged: list[tuple[str, str]] = []
        self.answer = Response(Taken.DONE)

    async def acknowledge(self, incident_id: str, *, by: str) -> Response:
        self.acknowledged.append((incident_id, by))
        return self.answer

    async def silence(self, incident_id: str, *, by: str, seconds: int | None) -> Response:
        raise NotImplementedError


@dataclass
class KnownHere:
    """What this process knows of incidents, and as of when."""

    book: Book = field(default_factory=Book)
    loaded_at: datetime | None = None


class OverviewHouse(DashboardHouse):
    """``stage``: what is counted; ``series``: what is asked of one dimension. ``any_event``: None when ClickHouse does
    not say. ``redis_away``, ``known_here``, ``health``, ``finished`` (the
    minute that some replica has finished; at first the present one, whenever that is): what tests change.
    """

    def __init__(self, stage: OverviewStage, *, any_event: bool | None = True, **kind: Any) -> None:
        self.stage = stage
        stage.clock.now = NOW
        self.series = FakeSeries()
        self.responses = FakeResponses()
        self.redis_away = False
        self.known_here = KnownHere()
        self.health = Health()
        self.finished: Callable[[], datetime | None] = lambda: self.now
        self.open_incidents = OpenIncidents(
            self._load,
            last_finished=self._last_finished,
            copy=self.known_here,
            health=self.health,
            clock=lambda: self.now,
        )
        dimension = DimensionPages(
            Series(self.series, monotonic=lambda: self.now.timestamp()),
            overview=stage.overview,
            open_incidents=self.open_incidents,
            speaking=Speaking(lambda: stage.objectives),
            clock=stage.clock,
            lag_s=10,
        )

        async def came() -> bool:
            if any_event is None:
                raise StoreError("away")
            return any_event

        pages = overview_pages(
            stage.overview,
            self.open_incidents,
            self.responses,
            any_event=came,
            address=lambda: "https://o11y.example",
        )
        super().__init__([*pages, *dimension.pages], **kind)

    async def _load(self) -> Book:
        if self.redis_away:
            raise MemoryLost("away")
        return await self.stage.book()

    async def _last_finished(self) -> datetime | None:
        if self.redis_away:
            raise MemoryLost("away")
        return self.finished()
