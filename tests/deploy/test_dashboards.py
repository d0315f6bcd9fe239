"""Every panel of the Grafana dashboards has something to show over sample data, from statements the engine takes."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.events import ClickHouseEvents
from o11y.metrics import Metrics
from o11y.worker.ports import BatchKind
from tests.adapters.clickhouse.rows import batch, history_row, iso
from tests.adapters.clickhouse.sample import fill
from tests.deploy.grafana import DASHBOARDS, GRAFANA, Asked, Chosen, asked_by, expanded, load

ASKED = [asked for path in DASHBOARDS for asked in asked_by(path)]
SQL = [asked for asked in ASKED if asked.datasource == "o11y-clickhouse"]
PROMQL = [asked for asked in ASKED if asked.datasource == "o11y-prometheus"]
RULES = GRAFANA.parent / "prometheus" / "alerts.yml"

ONE: Chosen = {"client": ["kilo"], "provider": ["openai"], "model": ["openai/gpt-5"]}
SOME: Chosen = {"client": ["kilo", "it's"], "provider": ["openai", "anthropic"], "model": ["openai/gpt-5"]}
ALL: Chosen = {"client": None, "provider": None, "model": None}


@pytest.fixture
def seeded(embedded: ClickHouse) -> ClickHouse:
    asyncio.run(_fill(embedded))
    return embedded


async def _fill(ch: ClickHouse) -> None:
    await fill(ch)
    steps = (("fired", 20), ("notified", 20), ("resolved", 5))
    rows = []
    for transition, minutes in steps:
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        told = {"transition": transition, "recorded_at": iso(at + timedelta(seconds=4))}
        rows.append(history_row(at, client="kilo", provider="openai", model="openai/gpt-5", **told))
    await ClickHouseEvents(ch).insert(batch(rows, "history", BatchKind.HISTORY))


def chosen_for(asked: Asked) -> list[Chosen]:
    """A variable with "All" is tried without a choice and with several values; one without, with its one."""
    return [ALL, SOME] if "$__conditionalAll" in asked.text else [ONE]


def test_every_panel_returns_rows_whatever_is_chosen(seeded: ClickHouse) -> None:
    until = datetime.now(UTC)
    empty = []
    for asked in SQL:
        for chosen in chosen_for(asked):
            sql = expanded(asked.text, since=until - timedelta(hours=6), until=until, interval_s=300, chosen=chosen)
            try:
                table = asyncio.run(seeded.query(sql))
            except Exception as error:
                raise AssertionError(f"{asked.where}: {error}") from error
            if not list(table.rows):
                empty.append(asked.where)
    assert empty == []


def test_there_are_the_three_dashboards_and_their_panels_fit_beside_each_other() -> None:
    assert [path.stem for path in DASHBOARDS] == ["dimension", "overview", "self"]
    boards = [load(path) for path in DASHBOARDS]
    assert len({board["uid"] for board in boards}) == 3
    for board in boards:
        panels = board["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
        places = [panel["gridPos"] for panel in panels]
        assert not [pair for pair in combinations(places, 2) if _overlap(*pair)]


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    return (
        a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]
    )


def test_a_line_over_time_has_a_column_time_and_a_smallest_step() -> None:
    """Finer than the buckets of a view, its lines would fall to zero between them."""
    smallest = {"v_requests_1m": "1m", "v_error_rate": "5m", "v_latency": "5m", "v_token_usage": "1h"}
    lines = [asked for asked in SQL if asked.panel.get("type") == "timeseries"]
    assert lines
    for asked in lines:
        assert re.search(r"\bAS time\b", asked.text), asked.where
        for view, step in smallest.items():
            if view in asked.text:
                assert asked.panel["interval"] == step, asked.where


def test_what_is_asked_of_raw_events_is_of_a_stretch_of_time() -> None:
    raw = [asked for asked in SQL if re.search(r"\b(api_events|v_token_usage)\b", asked.text)]
    assert len(raw) >= 4
    for asked in raw:
        assert "$__timeFilter(" in asked.text or "UNION ALL" in asked.text, asked.where


def known_series() -> dict[str, set[str]]:
    """Each series that ``/metrics`` may print, with its labels."""
    text = generate_latest(metrics_in_use().registry).decode()
    found: dict[str, set[str]] = {"up": {"job", "instance"}}
    for name, labels in re.findall(r"^(o11y_\w+?)(?:\{(.*?)\})? ", text, re.MULTILINE):
        found.setdefault(name, {"instance", "job"}).update(re.findall(r'(\w+)="', labels))
    return found


def metrics_in_use() -> Metrics:
    """A series with labels is printed once it has been counted."""
    metrics = Metrics()
    for metric in vars(metrics).values():
        if labels := getattr(metric, "_labelnames", ()):
            metric.labels(*("x" for _ in labels))
    return metrics


def promql() -> list[tuple[str, str]]:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    return [(asked.where, asked.text) for asked in PROMQL] + [(rule["alert"], rule["expr"]) for rule in rules]


def test_every_metric_and_label_of_a_panel_or_rule_is_one_that_o11y_prints() -> None:
    series = known_series()
    asked = promql()
    assert len(asked) > 25
    for where, expression in asked:
        names = re.findall(r"\b(o11y_\w+|up)\b(?!=)", expression.replace('"o11y"', ""))
        assert names, where
        assert [name for name in names if name not in series] == [], where
        labels = {"le"} if "bucket" in expression else set()
        labels = labels.union(*(series[name] for name in names))
        used = re.findall(r"\bby \(([\w, ]+)\)", expression) + re.findall(r"\{(\w+)=", expression)
        for label in ", ".join(used).split(", ") if used else []:
            assert label in labels, f"{where}: {label}"


def test_every_metric_of_o11y_is_on_its_dashboard() -> None:
    shown = " ".join(expression for _, expression in promql())
    names = {name.removesuffix("_bucket") for name in known_series() if not name.endswith(("_sum", "_count"))} - {"up"}
    unseen = {name for name in names if name not in shown}
    assert unseen <= {
        "o11y_spool_bytes",  # held_bytes is more
        "o11y_spool_events",
        "o11y_batches_set_aside_total",  # spool_batches_aside is what waits
        "o11y_spool_events_lost_total",  # a trouble
    }


def test_the_provisioned_data_sources_are_those_that_the_panels_name() -> None:
    sources = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "o11y.yaml").read_text(encoding="utf-8"))
    uids = {source["uid"]: source for source in sources["datasources"]}
    assert {asked.datasource for asked in ASKED} == uids.keys()
    clickhouse = uids["o11y-clickhouse"]
    assert clickhouse["type"] == "grafana-clickhouse-datasource"
    assert clickhouse["jsonData"]["queryTimeout"] + 5 <= 60  # of the profile o11y_reader
    (provider,) = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "o11y.yaml").read_text())["providers"]
    compose = yaml.safe_load((GRAFANA.parent / "compose.yaml").read_text(encoding="utf-8"))
    mounts = {volume.split(":")[1]: volume.split(":")[0] for volume in compose["services"]["grafana"]["volumes"]}
    assert Path(mounts[provider["options"]["path"]]) == Path("./grafana/dashboards")


def test_a_macro_that_the_data_source_does_not_have_is_noticed() -> None:
    now = datetime.now(UTC)
    with pytest.raises(ValueError, match="no rule expands"):
        expanded("SELECT $__timeGroup(at)", since=now, until=now, interval_s=60, chosen={})
    with pytest.raises(KeyError, match="region"):
        expanded("SELECT ${region:singlequote}", since=now, until=now, interval_s=60, chosen={})
