"""Which objectives are in force in a dimension, as they hold there."""

from collections.abc import Callable, Sequence

from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Evaluator
from o11y.slo.objective import Objective


class Speaking:
    """Asks ``objectives`` each time, and prepares them anew when they have changed."""

    def __init__(self, objectives: Callable[[], Sequence[Objective]]) -> None:
        self._objectives = objectives
        self._prepared: Sequence[Objective] = ()
        self._evaluator = Evaluator(())

    def at(self, dimension: Dimension) -> tuple[Objective, ...]:
        """In the order of the file. Nothing is evaluated for a sum such as one client's use of a provider: it is seen
        by the objectives of its parts, as if it were one of them.
        """
        objectives = self._objectives()
        if objectives is not self._prepared:
            self._prepared, self._evaluator = objectives, Evaluator(objectives)
        if is_evaluated(dimension):
            return self._evaluator.speaking(dimension)
        return tuple(each for each in objectives if each.scope is Scope.MODEL and each.match.covers(dimension))


def is_evaluated(dimension: Dimension) -> bool:
    """Whether it is one that objectives can be about."""
    if dimension.scope is Scope.MODEL:
        return None not in (dimension.client, dimension.provider, dimension.model)
    return dimension == dimension.within(dimension.scope)
