"""An overview over stand-ins: counts, incidents and percentiles that a test chooses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from o11y.alerting.book import Book
from o11y.alerting.incident import Delivered, Incident
from o11y.slo.dimension import Dimension
from o11y.slo.objective import Objective
from o11y.worker.overview import Overview
from o11y.worker.ports.series import Quantiles
from tests.builders import NOW, objective
from tests.fakes import SteppingClock
from tests.worker_fakes import FakeBaselines, FakeCounts


class FakeQuantiles:
    """A ``QuantileStore``."""

    def __init__(self) -> None:
        self.now: Mapping[Dimension, Quantiles] = {}

    async def quantiles(self, *, since: datetime, until: datetime) -> Mapping[Dimension, Quantiles]:
        return self.now


@dataclass
class OverviewStage:
    objectives: tuple[Objective, ...] = (objective(),)
    counts: FakeCounts = field(default_factory=FakeCounts)
    baselines: FakeBaselines = field(default_factory=FakeBaselines)
    quantiles: FakeQuantiles = field(default_factory=FakeQuantiles)
    clock: SteppingClock = field(default_factory=lambda: SteppingClock(NOW))
    incidents: list[Incident] = field(default_factory=list)
    delivered: dict[str, Delivered] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.overview = Overview(
            objectives=lambda: self.objectives,
            counts=self.counts,
            baselines=self.baselines,
            quantiles=self.quantiles,
            book=self.book,
            clock=self.clock,
            wait_s=10,
        )

    async def book(self) -> Book:
        return Book({incident.incident_id: incident for incident in self.incidents}, self.delivered)
