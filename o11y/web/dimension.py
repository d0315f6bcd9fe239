"""``/d/<dimension>``: one client's use of a model at a provider, or a sum of those, over time."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from o11y.slo.dimension import Dimension
from o11y.slo.objective import Objective
from o11y.slo.sli import Indicator
from o11y.web.dimension_charts import Alerted, Chart, charts
from o11y.web.incidents import ACKNOWLEDGE, concerns, shown
from o11y.web.page import Data, Page, Refusal, View, Visit
from o11y.web.paths import dimension_in, dimension_path
from o11y.web.standing import standing
from o11y.web.time_ranges import Chosen, chosen, hrefs
from o11y.worker.open_incidents import OpenIncidents
from o11y.worker.overview import Overview
from o11y.worker.ports import Clock, StoreError
from o11y.worker.ports.series import LAST_BAD, AlertsAsked, BreakdownAsked, LastBadAsked
from o11y.worker.series import Series
from o11y.worker.speaking import Speaking, is_evaluated

log = logging.getLogger(__name__)

_PATH = "/d/{client}/{provider}/{model}"
_MOST_INCIDENTS = 5
_KINDS = (
    ("status", "Status"),
    ("provider", "Inference provider"),
    ("variant", "Variant"),
    ("tool", "Tool used"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address means."""

    dimension: Dimension
    path: str
    time: Chosen
    objectives: Sequence[Objective]
    objective: Objective | None  # the one looked at


class DimensionPages:
    """``lag_s``: how long events are waited for, as the evaluation does."""

    def __init__(
        self,
        series: Series,
        *,
        overview: Overview,
        open_incidents: OpenIncidents,
        speaking: Speaking,
        clock: Clock,
        lag_s: int,
    ) -> None:
        self._series = series
        self._overview = overview
        self._open_incidents = open_incidents
        self._speaking = speaking
        self._clock = clock
        self._lag_s = lag_s

    @property
    def pages(self) -> Sequence[Page]:
        return [
            Page(_PATH, self.page),
            Page(f"{_PATH}/chart/{{chart}}", self.chart, data=True),
            Page(f"{_PATH}/bad", self.bad),
        ]

    async def page(self, visit: Visit) -> View:
        asked = self._asked(visit)
        snapshot = await self._overview.look()
        rows = [] if snapshot is None else snapshot.of(asked.dimension)
        known = await self._open_incidents.look()
        incidents = shown(known.book, about=concerns(asked.dimension))
        if not rows and not incidents:
            await self._check_known(asked.dimension)
        drawn = charts(asked.dimension, asked.time.range, objectives=asked.objectives, chosen=asked.objective)
        others = {} if asked.objective is None else {"objective": asked.objective.name}
        return View(
            "dimension.html",
            {
                **self._named(asked),
                "ranges": hrefs(asked.path, asked.time, **others),
                "own": asked.time.range if not asked.time.name else None,
                "refresh_s": asked.time.refresh_s,
                "snapshot": snapshot,
                "standings": [standing(row) for row in rows],
                "known": known,
                "incidents": incidents[:_MOST_INCIDENTS],
                "incidents_more": max(0, len(incidents) - _MOST_INCIDENTS),
                "acknowledge": ACKNOWLEDGE,
                "back": _href(asked.path, {**asked.time.lasting, **others}),
                "charts_of": {chart.name: self._placed(asked, chart) for chart in drawn},
                "burns": [chart.name for chart in drawn if chart.name.startswith("burn-")],
                "tabs": [
                    (
                        each.name,
                        _href(asked.path, {**asked.time.lasting, "objective": each.name}),
                        each is asked.objective,
                    )
                    for each in asked.objectives
                ],
                "objective": asked.objective,
                "is_traffic": asked.objective is not None and asked.objective.sli.indicator is Indicator.TRAFFIC,
                "is_evaluated": is_evaluated(asked.dimension),
                "bad_href": _href(f"{asked.path}/bad", {**asked.time.query, **others}),
            },
        )

    async def chart(self, visit: Visit) -> Data:
        """Raises ``StoreError`` where the rollups do not answer in time."""
        asked = self._asked(visit)
        drawn = charts(asked.dimension, asked.time.range, objectives=asked.objectives, chosen=asked.objective)
        found = next((each for each in drawn if each.name == visit.in_path["chart"]), None)
        if found is None:
            raise Refusal(404, f"chart: there is no such; accepted: {', '.join(each.name for each in drawn)}")
        rows = await self._series.ask(found.asked)
        return Data(found.make(rows, await self._alerts(asked)))

    async def bad(self, visit: Visit) -> View:
        """From raw events, so what cannot be had in two seconds is told to be missing."""
        asked = self._asked(visit)
        since, until = asked.time.range.since, asked.time.range.until
        context: dict[str, Any] = {
            **self._named(asked),
            "time": asked.time.range,
            "objective": asked.objective,
            "back": _href(asked.path, asked.time.lasting),
            "kinds": [],
            "events": None,
            "missing": [],
        }
        objective = asked.objective
        if objective is None or objective.sli.indicator is Indicator.TRAFFIC:
            return View("dimension_bad.html", context)
        breakdown = BreakdownAsked(asked.dimension, objective.sli, since, until)
        last = LastBadAsked(asked.dimension, objective.sli, since, until)
        context |= {"breakdown_sql": self._series.sql(breakdown), "last_sql": self._series.sql(last)}
        try:
            rows = await self._series.ask(last)
            context["events"] = [dict(zip(LAST_BAD, row, strict=True)) for row in rows]
        except StoreError as error:
            log.info("bad events not shown", extra={"error": str(error)})
            context["missing"].append("the last bad events")
        try:
            found = await self._series.ask(breakdown)
            context["kinds"] = [(words, [row[1:] for row in found if row[0] == kind]) for kind, words in _KINDS]
        except StoreError as error:
            log.info("what bad events have in common is not shown", extra={"error": str(error)})
            context["missing"].append("what they have in common")
        return View("dimension_bad.html", context)

    def _asked(self, visit: Visit) -> Asked:
        dimension = dimension_in(visit.in_path)
        time = chosen(visit.query, now=self._clock(), lag_s=self._lag_s)
        objectives = self._speaking.at(dimension)
        name = visit.query.get("objective", "")
        found = next((each for each in objectives if each.name == name), objectives[0] if objectives else None)
        if name and (found is None or found.name != name):
            accepted = ", ".join(each.name for each in objectives) or "none: no objective is in force here"
            raise Refusal(400, f"objective: {name[:80]!r} is not in force here; accepted: {accepted}")
        return Asked(dimension, dimension_path(dimension), time, objectives, found)

    def _named(self, asked: Asked) -> dict[str, Any]:
        dimension = asked.dimension
        return {
            "dimension": dimension,
            "name": dimension.model or dimension.provider or dimension.client or "All traffic",
            "crumbs": _crumbs(dimension),
            "parts_href": _href(
                "/", {"client": dimension.client, "provider": dimension.provider, "model": dimension.model}
            ),
        }

    def _placed(self, asked: Asked, chart: Chart) -> Mapping[str, Any]:
        query = dict(asked.time.query)
        if asked.objective is not None:
            query["objective"] = asked.objective.name
        return {
            "id": chart.name,
            "title": chart.title,
            "note": chart.note,
            "sql": self._series.sql(chart.asked),
            "src": _href(f"{asked.path}/chart/{chart.name}", query),
        }

    async def _alerts(self, asked: Asked) -> list[Alerted]:
        """A chart is worth showing without them."""
        time = asked.time.range
        try:
            rows = await self._series.ask(AlertsAsked(asked.dimension, time.since, time.until + timedelta(minutes=1)))
        except StoreError as error:
            log.info("alerts are not drawn", extra={"error": str(error)})
            return []
        return [Alerted(*row) for row in rows]

    async def _check_known(self, dimension: Dimension) -> None:
        if await self._series.seen(dimension) is None:
            raise Refusal(404, f"No event of {dimension} has ever come, or its name is misspelt.")


def _crumbs(dimension: Dimension) -> list[tuple[str, str, str | None]]:
    """Kind, name, and where the sum over all that has this name is."""
    alone = {
        "client": Dimension(dimension.client, None, None),
        "provider": Dimension(None, dimension.provider, None),
        "model": Dimension(None, None, dimension.model),
    }
    return [
        (kind, getattr(dimension, kind), dimension_path(place) if place != dimension else None)
        for kind, place in alone.items()
        if getattr(dimension, kind) is not None
    ]


def _href(path: str, query: Mapping[str, str | None]) -> str:
    given = {name: text for name, text in query.items() if text}
    return f"{path}?{urlencode(given)}" if given else path
