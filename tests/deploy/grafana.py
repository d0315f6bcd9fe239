"""What the dashboards in ``deploy/grafana/`` ask, as Grafana and its ClickHouse data source would send it.

The macros: https://grafana.com/grafana/plugins/grafana-clickhouse-datasource/ ; the formats of variables:
https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))

#: what is chosen in a variable: some of its values, or all of them (None)
Chosen = Mapping[str, list[str] | None]


@dataclass(frozen=True)
class Asked:
    """``text`` is SQL or PromQL with its macros; ``where`` names dashboard and panel."""

    where: str
    datasource: str
    text: str
    panel: Mapping[str, Any]


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def asked_by(path: Path) -> Iterator[Asked]:
    """Panels, annotations and variables."""
    board = load(path)
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            where = f"{path.stem}: {panel['title']} {target['refId']}"
            yield Asked(where, target["datasource"]["uid"], target.get("rawSql") or target["expr"], panel)
    for note in board["annotations"]["list"]:
        yield Asked(f"{path.stem}: {note['name']}", note["datasource"]["uid"], note["target"]["rawSql"], {})
    for variable in board["templating"]["list"]:
        yield Asked(f"{path.stem}: ${variable['name']}", variable["datasource"]["uid"], variable["query"], {})


def expanded(sql: str, *, since: datetime, until: datetime, interval_s: int, chosen: Chosen) -> str:
    """Raises ``KeyError`` for a variable that the dashboard does not have; ``ValueError`` for a macro left over."""
    start, end = (f"toDateTime({int(moment.timestamp())})" for moment in (since, until))
    sql = re.sub(
        r"\$__conditionalAll\((.*?), \$(\w+)\)", lambda m: "1=1" if chosen[m[2]] is None else m[1], sql, flags=re.DOTALL
    )
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 >= {start} AND \1 <= {end}", sql)
    sql = re.sub(r"\$__timeInterval\((\w+)\)", rf"toStartOfInterval(toDateTime(\1), INTERVAL {interval_s} second)", sql)
    sql = sql.replace("$__interval_s", str(interval_s)).replace("$__fromTime", start).replace("$__toTime", end)
    sql = re.sub(r"\$\{(\w+):singlequote\}", lambda m: _quoted(chosen[m[1]]), sql)
    if "$" in sql:
        raise ValueError(f"a macro that no rule expands: {sql}")
    return sql


def _quoted(values: list[str] | None) -> str:
    return ",".join("'" + value.replace("'", r"\'") + "'" for value in values or [])
