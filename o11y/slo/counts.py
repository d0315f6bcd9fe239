"""What was counted: valid and bad events of each dimension, indicator and window."""

from collections.abc import Mapping
from dataclasses import dataclass

from o11y.slo.dimension import Dimension
from o11y.slo.sli import Sli


@dataclass(frozen=True, slots=True)
class Ratio:
    """Bad events among valid ones."""

    bad: int
    valid: int

    def __post_init__(self) -> None:
        if not 0 <= self.bad <= self.valid:
            raise ValueError(f"{self.bad} bad of {self.valid} valid events cannot be")

    def __add__(self, other: "Ratio") -> "Ratio":
        return Ratio(self.bad + other.bad, self.valid + other.valid)


NOTHING = Ratio(0, 0)

#: window length in seconds -> what it holds; a window that is absent holds nothing
WindowCounts = Mapping[int, Ratio]

#: every dimension at client x provider x model, with the counts of each indicator asked for
Counts = Mapping[Dimension, Mapping[Sli, WindowCounts]]
