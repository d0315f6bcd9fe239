"""PostHog hanging: no acknowledgement waits for it, its queue is bounded, and so is the end."""

import json
from pathlib import Path
from uuid import uuid4

from o11y.adapters.posthog import QUEUE_LIMIT
from o11y.http.ingest import BATCH_PATH
from tests.chaos.ledger import audit_events
from tests.chaos.outcome import Outcome, Scale, Scenario
from tests.chaos.processes import Servers, servers, workspace
from tests.posthog_stand_in import HANG, PostHogStandIn
from tests.program.gateway import Gateway
from tests.program.program import SECRET, Program
from tests.program.waiting import until
from tests.wire_events import wire_event

BATCH = 1_000
LEFT = "PostHog was not told of the last events"


def hanging(scale: Scale) -> Outcome:
    """More events than the queue holds, while gateways post one at a time."""
    with workspace() as folder, servers(folder) as shared, PostHogStandIn() as posthog:
        posthog.standing = HANG
        program = Program(
            folder / "data",
            clickhouse_url=shared.clickhouse.url,
            redis_url=shared.redis_url,
            posthog_api_key="a-key-of-the-tests",
            posthog_host=posthog.url,
        )
        with program:
            with Gateway(lambda: program.url, seed=scale.seed, threads=2) as gateway:
                gateway.until_acknowledged(200)
                assert posthog.arrived.wait(30), "PostHog was never asked"
                flood = _flood(program, QUEUE_LIMIT + 2 * BATCH)
                for _ in range(scale.times(1, 40)):
                    gateway.until_acknowledged(500)
                if scale.long:
                    until(lambda: _metric(program, "o11y_posthog_dropped") > 0, "what was dropped is counted")
            program.until_shipped()
            peak_mb = _peak_memory_mb(program)
            assert program.sigterm() == 0, "it did not end in order"
        assert (gateway.refusals, gateway.lost_answers) == ([], 0), "a door did not answer 204"
        assert posthog.batches == []
        queued = _left_at_the_end(program)
        assert 0 < queued <= QUEUE_LIMIT, f"{queued} events were queued"
        return _audited(shared, gateway.acknowledged | flood, queued=queued, peak_mb=peak_mb)


SCENARIOS: list[Scenario] = [hanging]


def _audited(shared: Servers, acknowledged: set[str], *, queued: int, peak_mb: int) -> Outcome:
    found = audit_events(shared.clickhouse.rows, acknowledged)
    dropped = len(acknowledged) - queued
    assert dropped > 0, "the queue was never full"
    note = f"all answered 204; {queued:,} copies queued at the end, about {dropped:,} dropped; peak {peak_mb} MB"
    return Outcome("PostHog hanging", 1, len(acknowledged), found.lost, found.duplicated, note=note)


def _flood(program: Program, events: int) -> set[str]:
    """So many events in batches, all of them accepted; their ids."""
    ids = [str(uuid4()) for _ in range(events)]
    for start in range(0, events, BATCH):
        part = ids[start : start + BATCH]
        batch = [wire_event(clientSecret=..., eventId=event_id, ipAddress="192.0.2.1") for event_id in part]
        answer = program.post(json.dumps(batch).encode(), BATCH_PATH, headers={"Authorization": f"Bearer {SECRET}"})
        assert answer[0] == 200, answer
        assert json.loads(answer[1]) == {"accepted": len(part), "rejected": []}
    return set(ids)


def _metric(program: Program, name: str) -> float:
    _, text = program.get("/metrics")
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def _peak_memory_mb(program: Program) -> int:
    status = Path(f"/proc/{program.process.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _left_at_the_end(program: Program) -> int:
    """What the queue still held, as the log says; the line must be there, since PostHog took nothing."""
    said = [json.loads(line) for line in program.stderr.splitlines() if LEFT in line]
    assert len(said) == 1, f"{LEFT!r} was logged {len(said)} times"
    return int(said[0]["events"])
