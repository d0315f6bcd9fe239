"""When the counts of a window are enough to believe its burn rate: no page on noise, no blindness on low traffic.

A burn rate says nothing about its own certainty: 1 bad of 10 burns a budget of 0.1 % a hundred times too fast, and a
service well within its budget shows it every day. A fixed minimum of requests cures neither side: it is too low where
traffic is busy, and where there is little traffic it is never met, however broken the service is.

The rule: of ``valid`` events that are each bad with the probability of the budget, by themselves, at least ``bad`` are
bad with a chance of at most 1 - confidence::

    P(X >= bad) <= 1 - confidence,   X ~ Binomial(valid, budget)

This is the exact one-sided binomial test (C. Clopper and E. Pearson, Biometrika 26, 1934: the budget lies below the
lower confidence limit of the bad fraction). What it asks is "is this service within its budget?", since that is what a
false page is: one about a service that keeps its objective. So the confidence bounds the share of false looks directly,
whatever the traffic. The threshold of the pair is tested beside it, as ever: it says whether the matter is urgent, and
the evidence whether it is real.

Testing against the bad fraction of the threshold instead is neither better nor possible everywhere. A service that
burns exactly at the threshold would look like chance half of the time, however much traffic it has, so incidents a
little above are found late; and "p50" objectives, whose threshold is 95 % slow, would need 180 slow requests in a row.
The simulation compares both (docs/alerting.md).
"""

from dataclasses import dataclass
from decimal import Decimal

from o11y.slo.binomial import BinomialTest, binomial_test
from o11y.slo.windows import Severity, WindowPair

#: chosen by the simulation of docs/alerting.md: of 0.99, 0.999, ... the lowest at which a dimension that spends all of
#: its budget, and no more, is paged less than once in the 30 days of that budget, whatever its traffic
DEFAULT_CONFIDENCE = Decimal("0.9999")

LOWEST_CONFIDENCE, HIGHEST_CONFIDENCE = Decimal("0.9"), Decimal("0.999999999999")

#: one event is never a reason to wake somebody, however rare it should be
MIN_BAD_OF_A_PAGE = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """The least that is believed, counted in the long window.

    ``confidence`` is that of the test above. Without it (None) the two minimums are the whole rule, as they are
    written; with it a page needs two bad events whatever ``min_bad`` says.
    """

    min_requests: int = 1
    min_bad: int = MIN_BAD_OF_A_PAGE
    confidence: Decimal | None = DEFAULT_CONFIDENCE
    min_volume: int = 0  # valid events an hour, at the rate of the long window

    def __post_init__(self) -> None:
        if self.min_requests < 1 or self.min_bad < 1:
            raise ValueError("evidence: min_requests and min_bad are at least 1")
        if self.min_volume < 0:
            raise ValueError(f"evidence: min_volume {self.min_volume} is below 0")
        if self.confidence is not None and not LOWEST_CONFIDENCE <= self.confidence <= HIGHEST_CONFIDENCE:
            raise ValueError(f"confidence: {self.confidence} is not {LOWEST_CONFIDENCE} to {HIGHEST_CONFIDENCE}")

    def min_bad_of(self, pair: WindowPair) -> int:
        if self.confidence_of(pair) is None or pair.severity is not Severity.PAGE:
            return self.min_bad
        return max(self.min_bad, MIN_BAD_OF_A_PAGE)

    def min_requests_of(self, pair: WindowPair) -> int:
        return max(self.min_requests, -(-self.min_volume * pair.long_s // 3_600))

    def confidence_of(self, pair: WindowPair) -> Decimal | None:
        """Its own where it has one; None where the minimums are the whole rule."""
        return pair.confidence if pair.confidence is not None else self.confidence

    def test_of(self, pair: WindowPair, budget: Decimal) -> BinomialTest | None:
        confidence = self.confidence_of(pair)
        return None if confidence is None else binomial_test(budget, confidence)
