"""The commands that need the stores, as the owner's socket and a command of its own both run them."""

from datetime import datetime
from typing import Any

from o11y.alerting.record import rfc3339
from o11y.app import Worker
from o11y.commands.budget_answers import budget_answers
from o11y.commands.clock import utc_now
from o11y.commands.silence_answers import silence_answers
from o11y.http.control import Command
from o11y.slo.dimension import Dimension


def answers(worker: Worker) -> dict[str, Command]:
    """Arguments and answers are JSON objects; times are RFC 3339."""
    spool, questions = worker.stores.spool, worker.questions

    async def tick(arguments: dict[str, Any]) -> Any:
        return await questions.dry_run(datetime.fromisoformat(arguments["at"]))

    async def explain(arguments: dict[str, Any]) -> Any:
        dimension = Dimension(arguments["client"], arguments["provider"], arguments["model"])
        return await questions.explain(dimension, datetime.fromisoformat(arguments["at"]))

    async def spool_list(_: dict[str, Any]) -> Any:
        depth = spool.depth()
        aside = [
            {
                "batch": batch.batch_id,
                "kind": batch.kind.value,
                "events": batch.events,
                "set_aside_at": rfc3339(batch.set_aside_at),
                "error": batch.error,
            }
            for batch in spool.aside()
        ]
        oldest = rfc3339(depth.oldest) if depth.oldest else None
        lost = [
            {
                "at": rfc3339(loss.at),
                "events": loss.events,
                "history": loss.history,
                "exact": loss.exact,
                "maybe_shipped": loss.maybe_shipped,
                "saved": loss.carried,
                "file": loss.kept_as,
                "reason": loss.reason,
            }
            for loss in spool.losses()
        ]
        return {"events": depth.events, "bytes": depth.bytes, "oldest": oldest, "aside": aside, "lost": lost}

    async def spool_retry(arguments: dict[str, Any]) -> Any:
        return {"retried": spool.retry_aside(arguments["batch"])}

    return {
        "tick": tick,
        "explain": explain,
        "spool-list": spool_list,
        "spool-retry": spool_retry,
        **budget_answers(worker.budgets, worker.in_force),
        **silence_answers(worker.silencing, clock=utc_now),
    }
