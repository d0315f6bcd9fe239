"""The whole program between its servers, with gateways posting, while a scenario spoils the roads."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.ledger import audit_events
from tests.chaos.outcome import Outcome, Scale
from tests.chaos.processes import servers, workspace
from tests.program.facade_process import ClickHouseProcess
from tests.program.gateway import Gateway
from tests.program.program import SECRET, Program
from tests.program.relay import Relay
from tests.wire_events import wire_json


@dataclass(frozen=True, slots=True)
class Load:
    """``clickhouse`` is asked directly, whatever the state of the road to it."""

    gateway: Gateway
    clickhouse: ClickHouseProcess
    to_clickhouse: Relay
    to_redis: Relay


#: returns how many faults there were
Spoil = Callable[[Load], int]


def under_load(fault: str, spoil: Spoil, scale: Scale) -> Outcome:
    """Every request is answered, every answer is an acknowledgement, and every event is stored once."""
    with (
        workspace() as folder,
        servers(folder) as shared,
        Relay(shared.clickhouse.url) as to_clickhouse,
        Relay(shared.redis_url) as to_redis,
        Program(
            folder / "data", log_level="error", clickhouse_url=to_clickhouse.url, redis_url=to_redis.url
        ) as program,
    ):
        assert program.post(wire_json(clientSecret=SECRET))[0] == 204
        program.until_shipped()  # the tables are there
        with Gateway(lambda: program.url, seed=scale.seed) as gateway:
            injected = spoil(Load(gateway, shared.clickhouse, to_clickhouse, to_redis))
        program.until_shipped()
        assert program.sigterm() == 0
        assert gateway.refusals == [], "a door did not answer 204"
        assert gateway.lost_answers == 0, "a door did not answer"
        found = audit_events(shared.clickhouse.rows, gateway.acknowledged)
    taken = len(gateway.acknowledged)
    return Outcome(fault, injected, taken, found.lost, found.duplicated, note="all answered 204")


def closed_and_frozen(load: Load, road: Relay, *, times: int) -> int:
    """A road is closed, the next time frozen, and so on, each time for some hundred events."""
    for number in range(times):
        load.gateway.until_acknowledged(100)
        if number % 2:
            road.freeze()
        else:
            road.close()
        load.gateway.until_acknowledged(500)
        road.mend()
    return times
