"""A minute in which some dimensions fail: what was counted, and the alerts that it sets off."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from o11y.alerting.alert import Alert
from o11y.alerting.traffic import Traffic
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.objective import Objective
from o11y.slo.windows import WindowPair
from tests.builders import PAGE_5M, PAIRS, alert, objective

WELL, DOWN = Ratio(0, 100), Ratio(50, 100)
ERRORS = objective()
OF_PROVIDERS = objective(name="providers", scope=Scope.PROVIDER)
OF_CLIENTS = objective(name="clients", scope=Scope.CLIENT)
OF_ALL = objective(name="overall", scope=Scope.ALL)
WINDOWS = tuple({seconds for pair in PAIRS for seconds in (pair.long_s, pair.short_s)})

OPENAI, ANTHROPIC = Dimension(None, "openai", None), Dimension(None, "anthropic", None)
WEB = Dimension("web", None, None)
EVERYTHING = Dimension(None, None, None)


def grid(clients: Iterable[str], providers: Mapping[str, Iterable[str]]) -> list[Dimension]:
    """Every client uses every model of every provider."""
    return [
        Dimension(client, provider, model)
        for client in clients
        for provider, models in providers.items()
        for model in models
    ]


@dataclass(frozen=True)
class Scene:
    """``counted`` is the same in each window."""

    counted: Mapping[Dimension, Ratio]
    of: Objective = field(default_factory=lambda: ERRORS)

    @classmethod
    def where(cls, dimensions: Iterable[Dimension], down: Callable[[Dimension], bool]) -> "Scene":
        return cls({dimension: DOWN if down(dimension) else WELL for dimension in dimensions})

    def but(self, **counts: Ratio) -> "Scene":
        """With other counts for the models named."""
        return Scene({each: counts.get(each.model or "", ratio) for each, ratio in self.counted.items()}, self.of)

    @property
    def traffic(self) -> Traffic:
        return Traffic.of({each: {self.of.sli: dict.fromkeys(WINDOWS, ratio)} for each, ratio in self.counted.items()})

    @property
    def alerts(self) -> list[Alert]:
        """Of every dimension with two bad events or more."""
        return [self.alert(each) for each, ratio in self.counted.items() if ratio.bad > 1]

    def alert(self, dimension: Dimension, pair: WindowPair = PAGE_5M, **changes: Any) -> Alert:
        """An aggregate's counts are summed."""
        by_scope = {Scope.MODEL: self.of, Scope.PROVIDER: OF_PROVIDERS, Scope.CLIENT: OF_CLIENTS, Scope.ALL: OF_ALL}
        ratio = self.traffic.within(self.of.sli, pair.long_s).ratio(dimension)
        values = {"objective": by_scope[dimension.scope], "long": ratio, "short": ratio, **changes}
        return alert(dimension=dimension, pair=pair, **values)
