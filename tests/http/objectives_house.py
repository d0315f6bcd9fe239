"""The doors of objectives over stand-ins of their stores."""

from collections.abc import Sequence

from o11y.http.alerting_config import alerting_config_endpoints
from o11y.http.objectives import Administration, objective_endpoints
from o11y.slo.dimension import Scope
from o11y.slo.objective import Match, Objective
from o11y.slo.sli import Indicator, Sli
from o11y.worker.objective_overrides import ObjectiveOverrides
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.suggestions import Suggestions
from tests.builders import NOW, PAGE_5M, objective, pair, ttfb
from tests.fakes import SteppingClock
from tests.fakes_overrides import FakeOverrides, FakePast
from tests.http.admin_house import AdminHouse

ERRORS = objective(pairs=(PAGE_5M,))
TTFB = objective(name="ttfb", sli=ttfb(), target="0.9", pairs=(pair(burn_rate=8),))
SPECIAL = objective(name="special/errors", target="0.99", match=Match(model="anthropic/*"))
PROVIDER = objective(name="provider", scope=Scope.PROVIDER)
SILENT = objective(name="silent", sli=Sli(Indicator.TRAFFIC), target="0.05", pairs=(pair(burn_rate=1),))
FILE = (ERRORS, TTFB, SPECIAL, PROVIDER, SILENT)


class ObjectivesHouse(AdminHouse):
    def __init__(self, file: Sequence[Objective] = FILE) -> None:
        self.store, self.past, self.clock = FakeOverrides(), FakePast(), SteppingClock(NOW)
        self.in_force = ObjectivesInForce(file, self.store)
        overrides = ObjectiveOverrides(self.store, self.in_force, clock=self.clock)
        parts = Administration(self.in_force, overrides, Suggestions(self.past, clock=self.clock))
        super().__init__([*objective_endpoints(parts), *alerting_config_endpoints(parts)])
