"""A week for the report: three objectives, one of them overspent, three pages, two changes."""

from datetime import timedelta
from decimal import Decimal

from o11y.alerting.notification import Notice
from o11y.alerting.on_call import Call, on_call
from o11y.slo.budget_report import DAY_S, WINDOWS_S, BudgetReport
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Evaluator
from o11y.slo.override import Selector, Values
from o11y.worker.ports.overrides import Change
from o11y.worker.weekly_text import Week, report_text
from tests.builders import ERROR_RATE, NOW, latency, objective, pair

_P90 = objective(name="latency-p90", sli=latency(), target="0.9", pairs=(pair(burn_rate=8),))
_PROVIDER = objective(name="provider-errors", scope=Scope.PROVIDER, target="0.995")
_PAGES = ((1, 4, 22, "error-rate"), (3, None, 95, "error-rate"), (5, 9, 41, "latency-p90"))


def weekly() -> Notice:
    since = NOW - timedelta(days=7)
    budgets = BudgetReport(Evaluator((objective(), _P90, _PROVIDER)), _counts(), until=NOW)
    seen = on_call([*map(_page, _PAGES), Call(("error-rate",), since)], since=since, until=NOW)
    return report_text(Week(since, NOW, budgets, seen, _changes()), notice_id="weekly-report-20261121T1200")


def _counts() -> Counts:
    models = {
        ("openai", "openai/gpt-5"): (1_310, 1_000_000, 61_000),
        ("openai", "openai/gpt-5-mini"): (410, 2_400_000, 12_400),
        ("anthropic", "anthropic/claude-sonnet-4.5"): (0, 800_000, 79_990),
    }
    return {
        Dimension("kilo-gateway", *names): {ERROR_RATE: _windows(bad, valid), _P90.sli: _windows(slow, valid)}
        for names, (bad, valid, slow) in models.items()
    }


def _windows(bad: int, valid: int) -> dict[int, Ratio]:
    return {seconds: Ratio(bad * seconds // (30 * DAY_S), valid * seconds // (30 * DAY_S)) for seconds in WINDOWS_S}


def _page(told: tuple[int, int | None, int, str]) -> Call:
    day, answered, lasted, name = told
    at = NOW - timedelta(days=day)
    acknowledged = None if answered is None else at + timedelta(minutes=answered)
    return Call((name,), at, at + timedelta(minutes=lasted), at, acknowledged)


def _changes() -> list[Change]:
    mini = Selector("error-rate", model="openai/gpt-5-mini")
    lenient = Values(target=Decimal("0.995"), min_requests=50)
    later, earlier = NOW - timedelta(hours=20), NOW - timedelta(days=4)
    return [
        Change("2", 2, later, "board", mini, lenient, None),
        Change("1", 1, earlier, "ann", mini, None, lenient, note="preview model, <!channel> agreed"),
    ]
