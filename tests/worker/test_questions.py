import asyncio
import json
from datetime import timedelta
from typing import Any

from o11y.slo.dimension import Dimension
from o11y.slo.objective import Match
from o11y.worker.questions import Questions
from tests.builders import NOW, dimension, objective
from tests.worker_fakes import BURNING, SMOULDERING, World, counted


def asked(world: World) -> Questions:
    return Questions(world.replica().ticker)


def explain(world: World, where: Dimension | None = None) -> dict[str, Any]:
    answer = asyncio.run(asked(world).explain(where or dimension(), NOW + timedelta(seconds=30)))
    return dict(json.loads(json.dumps(answer)))


def test_a_dry_run_says_what_fires_and_tells_nobody() -> None:
    world = World()
    world.counts.now = {**BURNING, **counted(50, dimension("slow"), windows=(1800, 21_600))}
    answer = asyncio.run(asked(world).dry_run(NOW + timedelta(seconds=59)))
    assert (answer["time"], answer["until"]) == ("2026-11-21T12:00:00Z", "2026-11-21T11:59:50Z")
    assert (answer["dimensions"], answer["incomplete"]) == (2, False)
    assert [(row["severity"], row["model"]) for row in answer["firing"]] == [
        ("page", "vendor/model"),
        ("ticket", "slow"),
        ("ticket", "vendor/model"),
    ]
    assert {row["transition"] for row in answer["firing"]} == {"firing"}
    json.dumps(answer)
    assert (world.slack.sent, world.spool.history, world.outbox.entries) == ([], [], {})
    assert asyncio.run(world.memory.last_finished()) is None


def test_explain_gives_every_pair_its_counts_and_its_reason() -> None:
    world = World()
    world.counts.now = {**SMOULDERING, **counted(50, dimension("other"))}
    answer = explain(world)
    assert answer["traffic"]
    assert [(row["long_window_s"], row["firing"], row["valid"], row["bad"]) for row in answer["verdicts"]] == [
        (300, False, 0, 0),
        (1800, False, 100, 50),
        (21_600, True, 100, 50),
    ]
    assert [row["reason"] for row in answer["verdicts"]] == [
        "no valid requests in the long window",
        "burn rate of the short window is below the threshold: it is no longer happening",
        "firing",
    ]
    assert [row["burn_rate_long"] for row in answer["verdicts"]] == [0, 500, 500]


def test_explain_says_that_a_page_would_be_a_ticket() -> None:
    world = World()
    world.counts.now, world.models.now = BURNING, frozenset({"other"})
    lowered = [row["page_becomes_ticket"] for row in explain(world)["verdicts"]]
    assert lowered == ["the model is not on the list of recommended models"] * 2 + [None]


def test_explain_names_the_objective_that_speaks_instead() -> None:
    special = objective(name="special", target="0.99", match=Match(model="vendor/*"))
    answer = explain(World([objective(), special]))
    assert {row["objective"] for row in answer["verdicts"]} == {"special"}
    assert answer["not_used"] == [{"objective": "error-rate", "because": "special matches more specifically"}]


def test_explain_of_a_dimension_without_traffic_says_so() -> None:
    answer = explain(World(), dimension("unknown"))
    assert not answer["traffic"]
    assert {row["reason"] for row in answer["verdicts"]} == {"no valid requests in the long window"}
