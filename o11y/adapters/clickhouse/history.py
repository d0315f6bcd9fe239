"""The alert history, read back."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.statements import statement
from o11y.alerting.incident import Cause, Change, Incident, Level, Member, Phase, Told
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity, WindowPair

_log = logging.getLogger(__name__)
_MOST = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Row(NamedTuple):
    """A line of ``incidents_since.sql``."""

    incident_id: str
    key: str
    objective: str
    indicator: str
    scope: str
    client: str
    provider: str
    model: str
    severity: str
    long_s: int
    short_s: int
    threshold: float
    long_bad: int
    long_valid: int
    bad_of_short: int
    valid_of_short: int
    burn_rate: float
    peak: float
    spoken_for: int
    since: datetime
    latest: datetime
    fired_at: datetime
    began_at: datetime
    no_data_at: datetime
    ended_at: datetime
    told_at: datetime
    urged_at: datetime
    rose_at: datetime
    muted_at: datetime
    unmuted_at: datetime


class ClickHouseHistory:
    """Implements ``HistoryStore``."""

    def __init__(self, ch: ClickHouse) -> None:
        self._ch = ch

    async def incidents_since(self, since: datetime) -> Sequence[Incident]:
        """Those with a transition recorded at or after ``since``. Raises ``StoreError``.

        An alert fired last, and had data last, when the history last says so: at a transition or in a message.
        """
        bounds = {"since": f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3], "most": _MOST}
        table = await self._ch.query(statement("incidents_since"), bounds)
        return list(_incidents([_Row(*(_utc(value) for value in row)) for row in table.rows]))


def _utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _incidents(rows: Sequence[_Row]) -> Iterator[Incident]:
    """One that a newer version wrote in words of its own is left out."""
    for identity, members in groupby(rows, key=lambda row: row.incident_id):
        try:
            yield _incident(list(members))
        except ValueError as error:
            _log.error("incident of the history not readable", extra={"id": identity, "error": str(error)})


def _incident(rows: Sequence[_Row]) -> Incident:
    told_at = max(row.told_at for row in rows)
    members = tuple(_member(row, told_at) for row in rows)
    phase = _phase(rows)
    told = _told(rows, members, phase)
    return Incident(
        incident_id=rows[0].incident_id,
        cause=Cause(_shared([member.dimension for member in members]), Indicator(rows[0].indicator)),
        members=members,
        opened_at=min(row.since for row in rows),
        evaluated_at=max(row.latest for row in rows),
        phase=phase,
        told=told,
        resolved_at=max(row.ended_at for row in rows) if phase is Phase.RESOLVED else None,
        no_data_since=max(member.data_at for member in members) if phase is Phase.NO_DATA else None,
        level=None if told is None else Level(told.at, told.burn_rate),
    )


def _phase(rows: Sequence[_Row]) -> Phase:
    began_at, no_data_at = max(row.began_at for row in rows), max(row.no_data_at for row in rows)
    ended_at = max(row.ended_at for row in rows)
    if ended_at > _EPOCH and ended_at >= max(began_at, no_data_at):
        return Phase.RESOLVED
    return Phase.NO_DATA if no_data_at > began_at else Phase.FIRING


def _told(rows: Sequence[_Row], members: Sequence[Member], phase: Phase) -> Told | None:
    """What the last message said, as far as it matters to the next one."""
    as_what = {member.told for member in members} - {None}
    if not as_what:
        return None
    return Told(
        Change.NO_DATA if phase is Phase.NO_DATA else Change.FIRED,
        max(row.told_at for row in rows),
        Severity.PAGE if Severity.PAGE in as_what else Severity.TICKET,
        len(members),
        max(member.burn_rate for member in members),
        urged_at=max(row.urged_at for row in rows),
    )


def _member(row: _Row, told_at: datetime) -> Member:
    severity = Severity(row.severity)
    return Member(
        key=row.key,
        objective=row.objective,
        dimension=_dimension(row),
        severity=severity,
        pair=WindowPair(severity, row.long_s, row.short_s, Decimal(str(row.threshold))),
        long=Ratio(row.long_bad, row.long_valid),
        short=Ratio(row.bad_of_short, row.valid_of_short),
        since=row.since,
        fired_at=max(row.fired_at, row.since),
        burn_rate=Decimal(str(row.burn_rate)),
        peak=Decimal(str(row.peak)),
        data_at=max(row.fired_at, row.since),
        told=_told_as(row, severity, told_at),
        spoken_for=bool(row.spoken_for),
    )


def _told_as(row: _Row, severity: Severity, told_at: datetime) -> Severity | None:
    """A message names the worst alerts and counts the rest: it tells of every one that was there and not muted."""
    if row.since > told_at:
        return None
    if row.muted_at == row.since and not _EPOCH < row.unmuted_at <= told_at:
        return None
    return severity if row.rose_at <= told_at else Severity.TICKET


def _dimension(row: _Row) -> Dimension:
    match Scope(row.scope):
        case Scope.MODEL:
            return Dimension(row.client, row.provider, row.model)
        case Scope.PROVIDER:
            return Dimension(None, row.provider, None)
        case Scope.CLIENT:
            return Dimension(row.client, None, None)
        case Scope.ALL:
            return Dimension(None, None, None)


def _shared(dimensions: Sequence[Dimension]) -> Dimension:
    """The names that all of them have."""

    def common(names: set[str | None]) -> str | None:
        return names.pop() if len(names) == 1 else None

    if len(set(dimensions)) == 1:
        return dimensions[0]
    parts = [dimension for dimension in dimensions if dimension.scope is Scope.MODEL] or list(dimensions)
    return Dimension(
        common({dimension.client for dimension in parts}),
        common({dimension.provider for dimension in parts}),
        common({dimension.model for dimension in parts}),
    )
