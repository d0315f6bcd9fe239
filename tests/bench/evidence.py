"""The evidence rule, simulated: false pages of healthy traffic, and how long outages take to be paged.

Three rules see the same traffic: the plain one with a minimum of ten requests, the same with two bad events besides,
and the shipped one. The sweep repeats it at other confidences, and with the test against the bad fraction of the
threshold instead of the budget. A day without a page counts as a day, and an outage is watched for a day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from o11y.app import objectives_of
from o11y.settings import load_settings
from o11y.slo.binomial import BinomialTest
from o11y.slo.burn_rate import firing_fraction
from o11y.slo.counts import Ratio
from o11y.slo.durations import time_text
from o11y.slo.evidence import DEFAULT_CONFIDENCE, Evidence
from o11y.slo.objective import Objective
from o11y.slo.windows import WindowPair
from tests.bench.measure import options, percentile, print_table
from tests.bench.simulation import MINUTE_S, Health, Outage, Rule

RPM = (0.1, 1, 10, 100, 1000)
OF_THE_BUDGET = {"none": 0.0, "half": 0.5, "all": 1.0}
OUTAGES = (1.0, 0.5, 0.1, 0.02)
CONFIDENCES = ("0.99", "0.999", "0.9999", "0.99999", "0.999999")
#: requests a minute of what the pairs over 24 h are for
QUIET = {"10 an hour": 1 / 6, "1 an hour": 1 / 60, "8 a day": 1 / 180}
#: the first three pairs of the shipped windows are those that the plain rule had
PLAIN_PAIRS = 3
SEED = 20_261_121
PER_ROUND = 1_000  # dimension-days
OUTAGES_PER_ROUND = 250

AIM_FEWER = 20
AIM_DAYS_BETWEEN = 30
AIM_TICKET_S = 2 * 3_600


class AgainstThreshold(Rule):
    """The other test that could have been: that the bad fraction is above the one at which the pair fires."""

    def __init__(self, name: str, objective: Objective, confidence: str) -> None:
        super().__init__(name, replace(objective, evidence=Evidence(confidence=None)))
        level = 1 - Fraction(Decimal(confidence))
        fractions = {pair: firing_fraction(pair.burn_rate, objective.budget) for pair in self.pairs}
        self._tests = {pair: BinomialTest(fraction, level) for pair, fraction in fractions.items()}

    def believes(self, pair: WindowPair, long: Ratio, short: Ratio) -> bool:
        return super().believes(pair, long, short) and self._tests[pair].rejects(long.bad, long.valid)


@dataclass(slots=True)
class Found:
    """Of each rule the pages of each kind of health, and the sorted delays in seconds of each kind of outage."""

    rules: Sequence[Rule]
    days: int
    called: dict[tuple[float, str], list[int]] = field(default_factory=dict)
    delays: dict[tuple[float, float], list[list[float]]] = field(default_factory=dict)

    def per_thousand_days(self, rpm: float, share: str, rule: int) -> float:
        return self.called[rpm, share][rule] * 1_000 / self.days

    def summed(self, rule: int, *shares: str) -> int:
        return sum(self.called[rpm, share][rule] for rpm in RPM for share in shares)

    def delay(self, rpm: float, bad: float, rule: int, share: float) -> float:
        return percentile(self.delays[rpm, bad][rule], share)

    def days_between(self, rule: int) -> float:
        """Days between two pages of a dimension at all of its budget, at the rate where they are most frequent."""
        return self.days / max(1, *(self.called[rpm, "all"][rule] for rpm in RPM))

    def later_s(self, rpm: float, rule: int) -> float:
        """How much later than the plain rule nine of ten total outages are paged."""
        return self.delay(rpm, 1.0, rule, 0.9) - self.delay(rpm, 1.0, 0, 0.9)


def main() -> None:
    chosen = options(__doc__, rounds=2, longer="ten times as many days and outages", shorter="100 days, 50 outages")
    rounds = chosen.rounds * (10 if chosen.long else 1)
    days, outages = (100, 50) if chosen.short else (rounds * PER_ROUND, rounds * OUTAGES_PER_ROUND)
    print(f"# {days:,} dimension-days and {outages:,} outages a cell, seed {SEED}", flush=True)
    objectives = {objective.name: objective for objective in objectives_of(load_settings(objectives_file=None))}
    errors = objectives["error-rate"]
    found = simulate([*plain_rules(errors), Rule("shipped", errors), *sweep(errors)], days=days, outages=outages)
    print_false_pages(found)
    print_detection(found)
    print_sweep(found)
    print_quiet(errors, outages)
    print_percentiles([objectives["latency-p90"], objectives["latency-p50"]], days, outages)
    print_aims(found, errors, outages)


def plain_rules(objective: Objective) -> list[Rule]:
    plain = replace(objective, pairs=objective.pairs[:PLAIN_PAIRS])
    return [
        Rule(name, replace(plain, evidence=Evidence(min_requests=10, min_bad=bad, confidence=None)))
        for name, bad in (("(a) minimum 10", 1), ("(a2) and 2 bad", 2))
    ]


def sweep(objective: Objective) -> list[Rule]:
    within_budget = [
        Rule(f"budget, {confidence}", replace(objective, evidence=Evidence(confidence=Decimal(confidence))))
        for confidence in CONFIDENCES
    ]
    return within_budget + [AgainstThreshold(f"threshold, {c}", objective, c) for c in CONFIDENCES]


def simulate(rules: Sequence[Rule], *, days: int, outages: int) -> Found:
    found = Found(rules, days)
    budget = float(rules[0].objective.budget)
    for rpm in RPM:
        for name, share in OF_THE_BUDGET.items():
            found.called[rpm, name] = Health(rpm, budget * share).pages(list(rules), days=days, seed=SEED)
        for bad in OUTAGES:
            delays = Outage(rpm, bad).delays_s(list(rules), count=outages, seed=SEED)
            found.delays[rpm, bad] = [sorted(each) for each in delays]
    return found


def print_false_pages(found: Found) -> None:
    names = [rule.name for rule in found.rules[:3]]
    rows = [
        (
            f"{rpm:g} rpm",
            *(f"{found.per_thousand_days(rpm, share, rule):,.1f}" for rule in range(3)),
            f"{share} of the budget",
        )
        for share in OF_THE_BUDGET
        for rpm in RPM
    ]
    print_table("False pages per 1,000 dimension-days", ("healthy traffic", *names, "true errors"), rows)


def print_detection(found: Found) -> None:
    """p50 / p90, and the share that no page tells of within a day where there is one."""
    header = ("outage", *(rule.name for rule in found.rules[:3]), "")
    rows = [
        (f"{bad:.0%} at {rpm:g} rpm", *(_delay(found.delays[rpm, bad][rule]) for rule in range(3)), "")
        for bad in OUTAGES
        for rpm in RPM
    ]
    print_table("From the start of an outage to the page: p50 / p90 (share never paged)", header, rows)


def print_sweep(found: Found) -> None:
    """False pages per 1,000 dimension-days, days between two of them at all of the budget, and the p90 of outages."""
    header = ("test against, confidence", "none + half", "all", "days between", "100 %, 0.1 rpm", "1 rpm",
              "10 %, 1 rpm", "10 rpm", "2 %, 10 rpm", "100 rpm", "1000 rpm", "")  # fmt: skip
    shown = ((0.1, 1.0), (1, 1.0), (1, 0.1), (10, 0.1), (10, 0.02), (100, 0.02), (1000, 0.02))
    rows = []
    for index, rule in enumerate(found.rules):
        if rule.name == "shipped":
            continue
        sums = (f"{found.summed(index, *shares) * 1_000 / found.days:,.1f}" for shares in (("none", "half"), ("all",)))
        p90 = (_time(found.delay(rpm, bad, index, 0.9)) for rpm, bad in shown)
        note = "shipped" if rule.name == f"budget, {DEFAULT_CONFIDENCE}" else ""
        rows.append((rule.name, *sums, f"{found.days_between(index):,.1f}", *p90, note))
    print_table("The sweep: false pages, summed over all rates, and the p90 of detection", header, rows)


def print_quiet(errors: Objective, outages: int) -> None:
    """What is told at all (ticket or page), and the page; with and without the pairs over 24 h."""
    rows = []
    for (name, rpm), bad in ((quiet, bad) for quiet in QUIET.items() for bad in (1.0, 0.6)):
        told = Outage(rpm, bad).delays_s(_quiet_rules(errors), count=outages, seed=SEED)
        rows.append((f"{name}, {bad:.0%} fail", *(_delay(sorted(each)) for each in told), ""))
    names = ("(a): told at all", "(a): page", "without 24 h pairs: told", "page", "shipped: told", "page")
    print_table("Quiet dimensions: p50 / p90 (share never told)", ("", *names, ""), rows)


def _quiet_rules(errors: Objective) -> list[Rule]:
    quick = replace(errors, pairs=errors.pairs[:PLAIN_PAIRS])
    plain = plain_rules(errors)[0].objective
    return [
        rule
        for objective in (plain, quick, errors)
        for rule in (Rule("any", objective, severity=None), Rule("page", objective))
    ]


def print_percentiles(objectives: Sequence[Objective], days: int, outages: int) -> None:
    """Latencies, beside the rule as it would be with the test against the threshold."""
    rows = []
    for objective in objectives:
        plain = plain_rules(objective)[1]
        rules = [plain, AgainstThreshold("", objective, str(DEFAULT_CONFIDENCE)), Rule("shipped", objective)]
        told = Rule("any", objective, severity=None)
        for rpm in RPM[:-1]:
            healthy = [Health(rpm, float(objective.budget) * share) for share in (0.5, 1.0)]
            called = [each.pages([rules[0], rules[2]], days=days, seed=SEED) for each in healthy]
            false = (f"{number * 1_000 / days:,.1f}" for pair in called for number in pair)
            slow = Outage(rpm, 1.0).delays_s([*rules, told], count=outages, seed=SEED)
            late = (_time(percentile(sorted(each), 0.9)) for each in slow)
            rows.append((f"{objective.name}, {rpm:g} rpm", *false, *late, ""))
    header = ("objective", "half: (a2)", "half: shipped", "all: (a2)", "all: shipped", "slow: (a2)",
              "slow: against threshold", "slow: shipped", "slow: told at all", "")  # fmt: skip
    print_table("Percentiles: false pages per 1,000 dimension-days; p90 until the page when all is slow", header, rows)


def print_aims(found: Found, errors: Objective, outages: int) -> None:
    print(f"Aims, of the shipped rule (confidence {DEFAULT_CONFIDENCE}):")
    mine = found.summed(2, "none", "half")
    for index in (0, 1):
        fewer = found.summed(index, "none", "half") / max(mine, 1)
        seen = "" if mine else " (none was seen, counted as one)"
        _say(fewer >= AIM_FEWER, f"{fewer:,.0f} times fewer false pages than {found.rules[index].name}{seen}")
    between = found.days_between(2)
    _say(
        between >= AIM_DAYS_BETWEEN, f"at all of its budget a dimension is paged every {between:.0f} days or less often"
    )
    for rpm in RPM:
        later, first = found.later_s(rpm, 2), found.delay(rpm, 1.0, 2, 0.9)
        allowed = MINUTE_S + 2 * MINUTE_S / rpm
        if rpm < 1:
            _say(first < found.delay(rpm, 1.0, 0, 0.9), f"total outage at {rpm:g} rpm: p90 {_time(first)}, before (a)")
        else:
            _say(later <= allowed, f"total outage at {rpm:g} rpm: p90 {later:.0f} s after (a), allowed {allowed:.0f} s")
    [told, *_] = Outage(QUIET["10 an hour"], 0.6).delays_s(
        [Rule("any", errors, severity=None)], count=outages, seed=SEED
    )
    p90 = percentile(sorted(told), 0.9)
    _say(p90 <= AIM_TICKET_S, f"10 requests an hour, 60 % failing: told after {_time(p90)} (p90), allowed 2 h")


def _say(met: bool, what: str) -> None:
    print(f"- {'met' if met else 'NOT MET'}: {what}", flush=True)


def _delay(ordered: Sequence[float]) -> str:
    never = sum(delay == float("inf") for delay in ordered) / len(ordered)
    middle, most = (_time(percentile(ordered, share)) for share in (0.5, 0.9))
    share = "" if not never else " (<1%)" if never < 0.005 else f" ({never:.0%})"
    return f"{middle} / {most}{share}"


def _time(seconds: float) -> str:
    return "never" if seconds == float("inf") else time_text(seconds)


if __name__ == "__main__":
    main()
