"""What this process watches of itself, by its role."""

import shutil

from o11y.app import Role, Worker
from o11y.commands.clock import utc_now
from o11y.commands.reload import Live
from o11y.receivers import receivers_apart
from o11y.worker.client_clocks import ClientClocks
from o11y.worker.dimension_limit import DimensionLimit
from o11y.worker.self_checks.clocks import ClocksCheck
from o11y.worker.self_checks.dimensions import DimensionsCheck
from o11y.worker.self_checks.evaluation import EvaluationCheck
from o11y.worker.self_checks.receivers import ReceiverCheck
from o11y.worker.self_checks.redis import RedisCheck
from o11y.worker.self_checks.spool import SpoolCheck
from o11y.worker.self_checks.trouble import Check
from o11y.worker.self_checks.watch import Watch


def watch_of(live: Live, worker: Worker, *, role: Role, limit: DimensionLimit, clocks: ClientClocks) -> Watch:
    settings, metrics, stores = live.settings, worker.metrics, worker.stores
    checks: list[Check] = [
        SpoolCheck(
            stores.spool,
            max_bytes=settings.spool_max_bytes,
            max_age_s=settings.spool_max_age_s,
            free_bytes=lambda: shutil.disk_usage(stores.folder).free,
            last_failure=lambda: worker.shipper.last_failure,
            metrics=metrics,
        ),
        RedisCheck(stores.redis.ping),
        ReceiverCheck(lambda: worker.delivery.failing_since, apart=lambda: receivers_apart(live.settings)),
    ]
    if role.ingests:
        checks.append(ClocksCheck(clocks, metrics))
        checks.append(DimensionsCheck(limit, max_per_client=settings.max_dimensions_per_client, metrics=metrics))
    if role.evaluates:
        ticker = worker.ticker
        checks.append(
            EvaluationCheck(
                ticker.memory,
                ticker.memory,
                health=lambda: ticker.health,
                lag_s=ticker.lag_s,
                started_at=utc_now(),
            )
        )
    return Watch(checks, notices=worker.notices, clock=utc_now, metrics=metrics)
