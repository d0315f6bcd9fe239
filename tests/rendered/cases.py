"""One message of each kind, as the worker would make it: what a human reads at the worst hour."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from o11y.alerting.alert import Alert
from o11y.alerting.incident import Cause, Change, Extent
from o11y.alerting.notification import Account, Facts, Notice, Notification, Presence
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evidence import Evidence
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator, Sli
from o11y.slo.windows import Severity
from tests.builders import (
    NOW,
    PAGE_30M,
    TICKET_6H,
    account,
    alert,
    dimension,
    latency,
    notice,
    notification,
    objective,
    pair,
    ratio,
    ttfb,
)
from tests.rendered.weekly import weekly

SINCE = NOW - timedelta(minutes=80)
RUNBOOK = "https://wiki.example/runbooks/errors"
FACTS = Facts((("503", 300), ("429", 74)), (("azure", 300), ("bedrock", 74)), 120_000, 1_000_000_000)
FIRST_BYTE = objective(name="ttfb-p90", sli=ttfb(), target="0.9", pairs=(pair(burn_rate=5),))
ERRORS = objective(runbook=RUNBOOK)
ONE = dimension("anthropic/claude-sonnet-5", client="kilo-gateway", provider="openrouter")
GATEWAY = Dimension("kilo-gateway", None, None)
CLIENT_SILENT = objective(
    name="client-silent",
    sli=Sli(Indicator.TRAFFIC, per=Scope.CLIENT),
    target="0.05",
    pairs=(pair(long_s=600, short_s=300, burn_rate=1),),
    scope=Scope.CLIENT,
    evidence=Evidence(min_volume=600),
)
TRAFFIC_DROP = objective(
    name="traffic-drop",
    sli=Sli(Indicator.TRAFFIC),
    target="0.05",
    pairs=(pair("ticket", long_s=1_800, short_s=600, burn_rate=1),),
    evidence=Evidence(min_volume=120),
)
MODELS = [f"gpt-{number}" for number in range(1, 16)]
OPENAI = Cause(Dimension(None, "openai", None), Indicator.ERROR_RATE)
EXTENT = Extent(
    firing=14, active=15, clients=(3, 3), providers=(1, 1), models=(14, 15), well=("gpt-15",),
    neighbours=("anthropic", "google"), neighbours_label="provider",
)  # fmt: skip


def single(change: Change = Change.FIRED, *, severity: Severity = Severity.PAGE, **told: Any) -> Notification:
    """Of one model of one client."""
    of_account = {name: told.pop(name) for name in list(told) if name in Account.__slots__}
    one = alert(
        objective=ERRORS,
        dimension=ONE,
        pair=pair() if severity is Severity.PAGE else TICKET_6H,
        severity=severity,
        long=ratio(374, 1_000),
        short=ratio(80, 200),
        at=_last(of_account),
    )
    story = account(change, cause=Cause(ONE, Indicator.ERROR_RATE), **{"since": SINCE, **of_account})
    return notification(one, **{"fired_at": NOW, "account": story, "facts": FACTS, **told})


def group(change: Change = Change.FIRED, *, severity: Severity = Severity.PAGE, **told: Any) -> Notification:
    """Of fourteen models of one provider."""
    of_account = {name: told.pop(name) for name in list(told) if name in Account.__slots__}
    used = pair() if severity is Severity.PAGE else TICKET_6H
    alerts = [
        alert(
            objective=ERRORS,
            dimension=Dimension("kilo-gateway", "openai", model),
            pair=used,
            severity=severity,
            long=ratio(900 - 50 * number, 1_000),
            short=ratio(100, 200),
            at=_last(of_account),
        )
        for number, model in enumerate(MODELS[:10])
    ]
    values = {"since": SINCE, "firing": 14, "members": 14, "extent": EXTENT, **of_account}
    story = account(change, cause=OPENAI, **values)
    return notification(*alerts, **{"fired_at": NOW, "account": story, "facts": FACTS, "unseen": 4, **told})


def silent(change: Change = Change.FIRED, **told: Any) -> Notification:
    """A gateway of which nothing comes."""
    of_account = {name: told.pop(name) for name in list(told) if name in Account.__slots__}
    one = alert(
        objective=CLIENT_SILENT,
        dimension=GATEWAY,
        pair=CLIENT_SILENT.pairs[0],
        long=ratio(1_190, 1_200),
        short=ratio(600, 600),
        at=_last(of_account),
    )
    story = account(change, cause=Cause(GATEWAY, Indicator.TRAFFIC), **{"since": SINCE, **of_account})
    return notification(one, **{"fired_at": NOW, "account": story, **told})


def dropped(change: Change = Change.FIRED, **told: Any) -> Notification:
    """Two models of one provider that get nothing any more."""
    of_account = {name: told.pop(name) for name in list(told) if name in Account.__slots__}
    alerts = [
        alert(
            objective=TRAFFIC_DROP,
            dimension=Dimension("kilo-gateway", "openai", model),
            pair=TRAFFIC_DROP.pairs[0],
            long=ratio(usual, usual),
            short=ratio(usual // 3, usual // 3),
            at=_last(of_account),
        )
        for model, usual in (("gpt-1", 2_400), ("gpt-2", 61))
    ]
    extent = Extent(2, 2, (1, 1), (1, 1), (2, 2), neighbours=("anthropic",), neighbours_label="provider")
    cause = Cause(Dimension(None, "openai", None), Indicator.TRAFFIC)
    values = {"since": SINCE, "firing": 2, "members": 2, "extent": extent, **of_account}
    return notification(*alerts, **{"fired_at": NOW, "account": account(change, cause=cause, **values), **told})


def _last(of_account: dict[str, Any]) -> datetime:
    """The minute at which it fired last."""
    until: datetime = of_account.get("until") or NOW
    return until


def _slow(model: str, **changes: Any) -> tuple[Alert, ...]:
    """p50 and p90 of one model."""
    slow = pair(burn_rate="1.8")
    of: list[Objective] = [
        objective(name=name, sli=latency(threshold), target=target, pairs=(slow,))
        for name, threshold, target in (("latency-p90", 15_000, "0.90"), ("latency-p50", 5_000, "0.50"))
    ]
    return tuple(
        alert(objective=one, dimension=dimension(model), pair=slow, long=ratio(bad, 100), **changes)
        for one, bad in zip(of, (82, 95), strict=True)
    )


def _late(minutes: int, **told: Any) -> dict[str, Any]:
    return {"delivered_at": NOW + timedelta(minutes=minutes), **told}


def _at(clock: str) -> datetime:
    hours, minutes = map(int, clock.split(":"))
    return NOW.replace(hour=hours, minute=minutes)


LOWERED = "the model is not on the list of recommended models"
ENDED: dict[str, Any] = {
    "until": _at("11:54"),
    "firing": 0,
    "peak": Decimal("500"),
    "spent_bad": 12_400,
    "spent_valid": 30_000,
}
MUCH_BEFORE: dict[str, Any] = {"before_burn_rate": Decimal("900"), "before_firing": 14}

FIRING: dict[str, Notification | Notice] = {
    "fired_page": single(since=NOW),
    "fired_ticket": single(severity=Severity.TICKET, since=NOW),
    "fired_group_page": group(since=NOW),
    "fired_group_ticket": group(severity=Severity.TICKET, since=NOW - timedelta(minutes=2)),
    "fired_provider": notification(
        alert(objective=ERRORS, dimension=Dimension(None, "openai", None), pair=PAGE_30M, long=ratio(80, 900)),
        account=account(cause=OPENAI),
    ),
    "fired_everything": notification(
        alert(objective=ERRORS, dimension=ONE),
        unseen=43,
        account=account(
            cause=Cause(Dimension(None, None, None), Indicator.ERROR_RATE),
            firing=44,
            members=44,
            extent=Extent(44, 44, (2, 2), (6, 6), (44, 44)),
        ),
    ),
    "fired_latency": notification(
        *_slow("vendor/slow"),
        account=account(cause=Cause(dimension("vendor/slow"), Indicator.LATENCY), firing=2, members=2),
        facts=Facts(quantile_ms=22_040.0),
    ),
    "fired_first_byte": notification(
        alert(objective=FIRST_BYTE, pair=FIRST_BYTE.pairs[0], long=ratio(60, 100)),
        account=account(cause=Cause(dimension(), Indicator.TTFB)),
    ),
    "fired_lowered": notification(
        alert(objective=ERRORS, severity=Severity.TICKET, lowered_because=LOWERED), account=account()
    ),
    "fired_after_silence": single(ended_silence="silenced: 'deploy' by ann until 2026-11-21T12:00:00Z"),
    "fired_and_over": single(severity=Severity.TICKET, since=_at("11:56"), until=_at("11:58"), firing=0),
    "fired_without_account": notification(alert(objective=ERRORS, dimension=ONE), facts=FACTS),
    "reopened_page": single(Change.REOPENED, resolved_at=_at("11:54"), reopened=1),
    "reopened_thrice_group": group(Change.REOPENED, resolved_at=_at("11:54"), reopened=3),
    "reopened_without_data": single(Change.REOPENED),
    "escalated": single(Change.ESCALATED, since=_at("3:12"), before_severity=Severity.TICKET),
    "joined": group(Change.JOINED, joined=tuple(Dimension("kilo-gateway", "openai", model) for model in MODELS[11:14])),
    "joined_and_over": group(
        Change.JOINED,
        joined=(Dimension("kilo-gateway", "openai", "gpt-14"),),
        extent=None,
        firing=0,
        until=_at("11:58"),
    ),
    "joined_many": group(
        Change.JOINED,
        joined=tuple(Dimension("kilo-gateway", "openai", model) for model in MODELS[:12]),
        joined_more=30,
    ),
    "worsened": group(Change.WORSENED, before_burn_rate=Decimal("40"), before_firing=3),
    "improved": single(Change.IMPROVED, peak=Decimal("1000"), before_burn_rate=Decimal("1000")),
    "reminded_page": group(Change.REMINDED, **MUCH_BEFORE, firing=3, burn_rate=Decimal("12")),
    "reminded_unchanged": single(Change.REMINDED, before_burn_rate=Decimal("374"), before_firing=1),
    "reminded_ticket": single(
        Change.REMINDED,
        severity=Severity.TICKET,
        since=NOW - timedelta(hours=28),
        before_burn_rate=Decimal("20"),
        before_firing=1,
    ),
    "acknowledged": single(Change.ACKNOWLEDGED, acknowledged_by="ann", acknowledged_at=_at("10:48")),
    "acknowledged_joined": group(
        Change.JOINED,
        joined=(Dimension("kilo-gateway", "openai", "gpt-14"),),
        acknowledged_by="ann",
        acknowledged_at=_at("10:48"),
    ),
    "silenced": single(Change.WORSENED, silenced="silenced: 'upgrade' by bob until 2026-11-21T14:00:00Z"),
}

ENDING: dict[str, Notification | Notice] = {
    "no_data": single(Change.NO_DATA, no_data_since=_at("11:28"), until=_at("11:26"), firing=0),
    "no_data_group": group(
        Change.NO_DATA, severity=Severity.TICKET, extent=None, no_data_since=_at("11:28"), until=_at("11:26"), firing=0
    ),
    "no_data_acknowledged": single(
        Change.ACKNOWLEDGED, no_data_since=_at("11:28"), until=_at("11:26"), acknowledged_by="ann",
        acknowledged_at=NOW,
    ),
    "resolved_page": single(Change.RESOLVED, **ENDED),
    "resolved_ticket": single(Change.RESOLVED, severity=Severity.TICKET, **{**ENDED, "until": SINCE}),
    "resolved_group": group(
        Change.RESOLVED, **ENDED, extent=None, reopened=2, acknowledged_by="ann", acknowledged_at=_at("10:48")
    ),
    "resolved_overspent": single(Change.RESOLVED, **ENDED, facts=Facts(budget_bad=50_000, budget_valid=1_000_000)),
    "expired_without_data": single(
        Change.EXPIRED, since=NOW - timedelta(days=2), no_data_since=NOW - timedelta(days=1), firing=0
    ),
    "expired_objective_gone": single(Change.EXPIRED, firing=0, until=_at("11:26")),
}  # fmt: skip

SILENCE: dict[str, Notification | Notice] = {
    "silent_page": silent(since=NOW),
    "silent_everything": silent(since=NOW, nothing_came=True),
    "silent_reminded": silent(Change.REMINDED, before_burn_rate=Decimal("1.05"), before_firing=1),
    "silent_no_data": silent(Change.NO_DATA, no_data_since=_at("11:28"), until=_at("11:26"), firing=0),
    "silent_resolved": silent(Change.RESOLVED, until=_at("11:54"), firing=0, peak=Decimal("1.05")),
    "dropped_ticket": dropped(since=NOW - timedelta(minutes=2)),
    "dropped_resolved": dropped(Change.RESOLVED, until=_at("11:54"), firing=0, peak=Decimal("1.05"), extent=None),
}

UNUSUAL: dict[str, Notification | Notice] = {
    "late": single(since=NOW, **_late(130, presence=Presence.OVER)),
    "late_resolved": single(Change.RESOLVED, **ENDED, **_late(130, presence=Presence.FIRING)),
    "repeated": single(since=NOW, repeated=True),
    "found_late": single(since=NOW, late_detection=True),
    "without_memory": single(since=NOW, without_memory=True),
    "notice": notice(text="Three evaluations failed: ClickHouse does not answer.\nNothing is watched meanwhile."),
    "notice_report": weekly(),
    "notice_over": notice(title="Over: o11y is blind", text="Evaluations work again, after 12 min.", over=True),
}


def hostile(name: str) -> Notification:
    """``name`` wherever somebody else chooses one."""
    where = Dimension(name, name, name)
    named: dict[str, Any] = {
        "objective": objective(name=name, runbook=f"javascript:{name}"),
        "severity": Severity.TICKET,
        "lowered_because": name,
    }
    alerts = alert(dimension=where, **named), alert(dimension=Dimension(name, name, "another"), **named)
    story = account(
        Change.JOINED,
        cause=Cause(Dimension(None, name, None), Indicator.ERROR_RATE),
        extent=Extent(2, 3, (1, 1), (1, 1), (2, 3), well=(name,), neighbours=(name,), neighbours_label="client"),
        firing=2,
        members=2,
        joined=(where,),
        acknowledged_by=name,
        acknowledged_at=NOW,
        ended_silence=name,
        silenced=name,
    )
    return notification(*alerts, account=story, facts=Facts(((name, 5),), ((name, 4),), 120, 1_000_000))


HOSTILE: dict[str, Notification | Notice] = {
    "hostile_ping": hostile("<!channel> <@U1> & <https://x.example|y>"),
    "hostile_lines": hostile("one\ntwo\r\n\x1b[31mthree"),
    "hostile_right_to_left": hostile("מודל \u202egnp.exe"),
    "hostile_long": hostile("x" * 1_000),
    "hostile_format": hostile("*bold* _it_ ~gone~ `code` :fire:"),
}

CASES = FIRING | ENDING | SILENCE | UNUSUAL | HOSTILE
