"""The HTTP API of those who administer: every endpoint, wired to the worker."""

from o11y.app import Worker
from o11y.commands.clock import utc_now
from o11y.http.admin import Endpoint
from o11y.http.alerting_config import alerting_config_endpoints
from o11y.http.alerts import alert_endpoints
from o11y.http.objectives import Administration, objective_endpoints
from o11y.http.silences import silence_endpoints


def administration(worker: Worker) -> list[Endpoint]:
    objectives = Administration(worker.in_force, worker.overrides, worker.suggestions)
    return [
        *silence_endpoints(worker.silencing, clock=utc_now),
        *objective_endpoints(objectives),
        *alerting_config_endpoints(objectives),
        *alert_endpoints(worker.alert_log, clock=utc_now),
    ]
