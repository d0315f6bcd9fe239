"""The alert history as people read it: bounded in time, rows and seconds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from o11y.adapters.clickhouse.client import ClickHouse, Table
from o11y.adapters.clickhouse.statements import statement
from o11y.alerting.incident import Thread
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.windows import Severity
from o11y.worker.ports.alert_log import After, LoggedIncident, LogQuestion, Standing, Step, Transition

ANSWER_WITHIN_S = 2.0
_MOST_MEMORY = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: what of an incident is read beyond the time that is asked for
_BEYOND = timedelta(days=30)
#: a field of a question -> the column that it is compared with
_COLUMNS = {
    "client": "client",
    "provider": "provider",
    "model": "model",
    "objective": "objective",
    "severity": "severity",
    "transition": "transition",
    "incident": "incident_id",
}


class ClickHouseAlertLog:
    """Implements ``AlertLogStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch

    async def transitions(self, asked: LogQuestion, *, after: After | None, most: int) -> Sequence[Transition]:
        narrowed, parameters = _narrowed(asked)
        parts = {"narrowed": narrowed, "after": "" if after is None else _AFTER_ROW}
        if after is not None:
            parameters |= {
                "after_at": _moment(after.at),
                "after_key": after.key,
                "after_recorded_at": _moment(after.recorded_at),
                "after_transition": after.transition,
                "after_severity": after.severity,
                "after_notification": after.notification_id,
            }
        table = await self._ask(statement("alert_transitions", parts), {**parameters, "most": most})
        return [_transition(*row) for row in table.rows]

    async def incidents(
        self, asked: LogQuestion, *, after: tuple[datetime, str] | None, most: int
    ) -> Sequence[LoggedIncident]:
        narrowed, parameters = _narrowed(asked)
        parts = {"narrowed": narrowed, "after": "" if after is None else _AFTER_INCIDENT}
        if after is not None:
            parameters |= {"after_at": _moment(after[0]), "after_id": after[1]}
        table = await self._ask(statement("alert_incidents", parts), {**parameters, "most": most})
        return [_incident(*row) for row in table.rows]

    async def steps(self, incidents: Sequence[LoggedIncident], *, most_of_each: int) -> Sequence[Step]:
        if not incidents:
            return []
        ends = [one.ended_at for one in incidents if one.ended_at is not None]
        bounds = {
            "since": _moment(min(one.opened_at for one in incidents)),
            "until": _moment(max([*ends, *(one.opened_at for one in incidents)]) + _BEYOND),
            "incidents": [one.incident_id for one in incidents],
            "most_of_each": most_of_each,
        }
        table = await self._ask(statement("alert_steps"), bounds)
        return [_step(*row) for row in reversed(list(table.rows))]

    async def _ask(self, sql: str, parameters: Mapping[str, Any]) -> Table:
        limits = {"max_memory_usage": _MOST_MEMORY}
        return await self._ch.query(sql, parameters, settings=limits, timeout_s=ANSWER_WITHIN_S)


_AFTER_ROW = (
    " AND (at, key, recorded_at, transition, severity, notification_id)"
    " < ({after_at:DateTime64(3, 'UTC')}, {after_key:String}, {after_recorded_at:DateTime64(3, 'UTC')},"
    " {after_transition:String}, {after_severity:String}, {after_notification:String})"
)
_AFTER_INCIDENT = "\nHAVING (opened_at, incident_id) < ({after_at:DateTime64(3, 'UTC')}, {after_id:String})"


def _narrowed(asked: LogQuestion) -> tuple[str, dict[str, Any]]:
    """Conditions on what is asked for, and everything that is bound."""
    wanted = {name: getattr(asked, name) for name in _COLUMNS if getattr(asked, name)}
    conditions = "".join(f" AND {_COLUMNS[name]} = {{{name}:String}}" for name in wanted)
    return conditions, {"since": _moment(asked.since), "until": _moment(asked.until), **wanted}


def _transition(
    at: datetime,
    key: str,
    recorded_at: datetime,
    transition: str,
    severity: str,
    notification_id: str,
    incident_id: str,
    objective: str,
    scope: str,
    client: str,
    provider: str,
    model: str,
    bad: int,
    valid: int,
    burn_rate: float,
    threshold: float,
    reason: str,
    slack: str,
) -> Transition:
    """As the statement selects it."""
    return Transition(
        at=_utc(at),
        key=key,
        recorded_at=_utc(recorded_at),
        transition=transition,
        severity=severity,
        notification_id=notification_id,
        incident_id=incident_id,
        objective=objective,
        dimension=_dimension(scope, client, provider, model),
        bad=bad,
        valid=valid,
        burn_rate=burn_rate,
        burn_rate_threshold=threshold,
        reason=reason,
        slack=_thread(slack),
    )


def _incident(
    incident_id: str,
    severity: str,
    opened_at: datetime,
    began_at: datetime,
    no_data_at: datetime,
    resolved_at: datetime,
    expired_at: datetime,
    objectives: Sequence[str],
    paging: Sequence[str],
    dimensions: Sequence[tuple[str, str, str, str]],
    alerts: int,
    peak: float,
    reopened: int,
    paged_at: datetime,
    acknowledged_at: datetime,
    acknowledged_by: str,
    place: str,
) -> LoggedIncident:
    """As the statement selects it."""
    ended_at = max(_utc(resolved_at), _utc(expired_at))
    is_open = ended_at < max(_utc(began_at), _utc(no_data_at)) or ended_at <= _EPOCH
    if is_open:
        standing = Standing.NO_DATA if no_data_at > began_at else Standing.FIRING
    else:
        standing = Standing.RESOLVED if resolved_at >= expired_at else Standing.EXPIRED
    return LoggedIncident(
        incident_id=incident_id,
        severity=Severity.PAGE if severity == Severity.PAGE else Severity.TICKET,
        standing=standing,
        opened_at=_utc(opened_at),
        ended_at=None if is_open else ended_at,
        objectives=tuple(objectives),
        paging=tuple(paging),
        dimensions=tuple(_dimension(*names) for names in dimensions),
        alerts=alerts,
        peak=peak,
        reopened=reopened,
        paged_at=_known(paged_at),
        acknowledged_at=_known(acknowledged_at),
        acknowledged_by=acknowledged_by.removeprefix("by "),
        slack=_thread(place),
    )


def _step(
    incident_id: str,
    at: datetime,
    transition: str,
    severity: str,
    reason: str,
    alerts: int,
    objectives: Sequence[str],
    dimensions: Sequence[tuple[str, str, str, str]],
    peak: float,
) -> Step:
    named = tuple(_dimension(*names) for names in dimensions)
    return Step(incident_id, _utc(at), transition, severity, reason, alerts, tuple(objectives), named, peak)


def _dimension(scope: str, client: str, provider: str, model: str) -> Dimension:
    """A name that the scope folds away is kept as ''."""
    match scope:
        case Scope.PROVIDER:
            return Dimension(None, provider, None)
        case Scope.CLIENT:
            return Dimension(client, None, None)
        case Scope.ALL:
            return Dimension(None, None, None)
        case _:
            return Dimension(client, provider, model)


def _thread(place: str) -> Thread | None:
    channel, slash, ts = place.partition("/")
    return Thread(channel, ts) if slash else None


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


def _known(at: datetime) -> datetime | None:
    return None if _utc(at) <= _EPOCH else _utc(at)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
