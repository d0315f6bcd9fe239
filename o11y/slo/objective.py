"""An objective: an indicator, its target, where it holds and when a human must act."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fnmatch import fnmatchcase

from o11y.slo.binomial import BinomialTest
from o11y.slo.burn_rate import firing_fraction, highest_burn_rate
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.drop_test import DropTest, drop_test
from o11y.slo.evidence import Evidence
from o11y.slo.latency_bounds import next_bound
from o11y.slo.override import NO_LAYERS, Layers, Override, layered
from o11y.slo.sli import Indicator, Sli
from o11y.slo.windows import Severity, WindowPair

#: what a glob leaves open: ``*``, ``?`` and sets such as ``[abc]`` or ``[!a-z]``
_WILD = re.compile(r"[*?]|\[!?\]?[^\]]*\]")

#: how a glob spells one of its own signs: ``[*]``
_SPELLED = re.compile(r"\[([*?\[])\]")
_SIGN = re.compile(r"[*?\[]")

#: digits behind the point of a target; 1 - target stays exact in Decimal's 28 digits
_TARGET_DECIMALS = 20


@dataclass(frozen=True, slots=True)
class Match:
    """Case-sensitive globs (``*``, ``?``, ``[...]``) over the names of a dimension."""

    client: str = "*"
    provider: str = "*"
    model: str = "*"

    def covers(self, dimension: Dimension) -> bool:
        """Whether every name fits its glob; a name that the dimension folds away fits any."""
        names = (dimension.client, dimension.provider, dimension.model)
        pairs = zip(self.globs, names, strict=True)
        return all(name is None or glob == "*" or fnmatchcase(name, glob) for glob, name in pairs)

    @property
    def globs(self) -> tuple[str, str, str]:
        return self.client, self.provider, self.model

    @property
    def specificity(self) -> tuple[int, int]:
        """Names written in full first, then letters written at all: the larger, the more specific."""
        globs = [_SPELLED.sub("-", glob) for glob in self.globs]
        letters = [_WILD.sub("", glob) for glob in globs]
        in_full = sum(letter == glob for letter, glob in zip(letters, globs, strict=True))
        return in_full, sum(map(len, letters))


def exactly(name: str) -> str:
    """The glob that only this name fits, whatever signs are in it."""
    return _SIGN.sub(lambda sign: f"[{sign[0]}]", name)


@dataclass(frozen=True, slots=True)
class Objective:
    """``target`` of the valid events are good. Of one ``family`` the most specific match speaks for a dimension.

    ``layers`` are the overrides in force: ``at`` gives the objective as it holds in one dimension. One that is not
    ``enabled`` takes part in that choice, and then nobody speaks.
    """

    name: str
    sli: Sli
    target: Decimal
    pairs: tuple[WindowPair, ...]
    scope: Scope = Scope.MODEL
    match: Match = field(default_factory=Match)
    evidence: Evidence = field(default_factory=Evidence)
    family: str = ""
    runbook: str | None = None
    page_eligible: bool = True
    enabled: bool = True
    layers: Layers = field(default=NO_LAYERS, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name: must not be empty")
        _check_target(self.target)
        if self.sli.indicator is Indicator.TRAFFIC and self.sli.per is not self.scope:
            raise ValueError(f"sli: traffic per {self.sli.per} does not fit an objective per {self.scope}")
        if not self.pairs:
            raise ValueError("windows: name at least one pair")
        for pair in self.pairs:
            if firing_fraction(pair.burn_rate, self.budget) > 1:
                raise ValueError(
                    f"burn_rate: {pair.burn_rate} can never be reached with target {self.target}; "
                    f"at most {highest_burn_rate(self.budget):f} can"
                )
        if not self.family:
            object.__setattr__(self, "family", _family(self.sli.indicator, self.target, self.scope))

    @property
    def budget(self) -> Decimal:
        """The fraction of valid events that may be bad; exact."""
        return 1 - self.target

    def test_of(self, pair: WindowPair) -> BinomialTest | DropTest | None:
        """Whether bad events of ``pair``'s long window are more than chance; None: not asked, the minimums suffice."""
        if self.sli.indicator is not Indicator.TRAFFIC:
            return self.evidence.test_of(pair, self.budget)
        confidence = self.evidence.confidence_of(pair)
        return None if confidence is None else drop_test(confidence)

    def bad_needed(self, valid: int, pair: WindowPair) -> int:
        """How many bad events of ``valid`` are believed; ``valid + 1`` or more when not even all of them are."""
        least, test = self.evidence.min_bad_of(pair), self.test_of(pair)
        return least if test is None else max(least, test.least_bad(valid))

    def pairs_of(self, severity: Severity) -> tuple[WindowPair, ...]:
        return tuple(pair for pair in self.pairs if pair.severity is severity)

    def told_as(self, pair: WindowPair) -> Severity:
        """What its alerts are at most: without ``page_eligible`` tickets, whatever the pair says."""
        return pair.severity if self.page_eligible else Severity.TICKET

    def at(self, dimension: Dimension) -> "Objective | None":
        """As it holds in a dimension that it covers; None where it is switched off."""
        there = self.under(self.layers.at(dimension)) if self.layers else self
        return there if there.enabled else None

    def under(self, layers: Iterable[Override]) -> "Objective":
        """With the values of ``layers``, of which the last is the most specific; ``ValueError`` if they cannot be."""
        said = {name: override.values.given[name] for name, override in layered(layers).items()}
        selected = {kind: exactly(name) for override in layers for kind, name in override.selector.named.items()}
        if not said and not selected:
            return self if not self.layers else replace(self, layers=NO_LAYERS)
        evidence = {name: said[name] for name in ("min_requests", "confidence") if name in said}
        own = {name: said[name] for name in ("enabled", "target", "page_eligible") if name in said}
        return replace(
            self,
            sli=self.sli if "threshold_ms" not in said else self._slower_than(said["threshold_ms"]),
            match=replace(self.match, **selected),
            evidence=replace(self.evidence, **evidence),
            layers=NO_LAYERS,
            **own,
        )

    @property
    def slis(self) -> frozenset[Sli]:
        """What is counted for it in any dimension."""
        thresholds = {override.values.threshold_ms for override in self.layers} - {None}
        return frozenset({self.sli, *(self._slower_than(each) for each in thresholds if each is not None)})

    def _slower_than(self, threshold_ms: int) -> Sli:
        return replace(self.sli, threshold_ms=next_bound(threshold_ms, self.sli.bounds_ms))


def _check_target(target: Decimal) -> None:
    if not (target.is_finite() and 0 < target < 1):
        raise ValueError(f"target: {target} is not between 0 and 1, both excluded")
    if target != round(target, _TARGET_DECIMALS):
        raise ValueError(f"target: {target} has more than {_TARGET_DECIMALS} decimals")


def _family(indicator: Indicator, target: Decimal, scope: Scope) -> str:
    """Latencies compete by percentile, so that p50 and p90 both speak; everything else whatever its target."""
    by_percentile = indicator in (Indicator.LATENCY, Indicator.TTFB)
    return f"{indicator} {target.normalize():f} per {scope}" if by_percentile else f"{indicator} per {scope}"
