"""What 1 k, 100 k and 10 M requests a second need, computed from the figures measured on one small machine.

The inputs are constants with their origin; `docs/scaling.md` explains the formulae. Change a figure and run it again.
"""

import math
from dataclasses import dataclass

from tests.bench.measure import print_table

DAY_S = 86_400
GB = 1e9

# Measured (docs/performance.md; 2 cores, quiet or by CPU time).
SINGLE_US = 58.5  # CPU an event posted alone, uvicorn, --role ingest: 14,501 a second on one core
SINGLE_HYPERCORN_US = 144.6  # the same on hypercorn: 6,516 a second
BATCHED_US = 15.7  # CPU an event in batches of 1,000, from socket to fsync and out of the spool again
INSERT_US = 36.0  # CPU an event in ClickHouse: raw table, three rollups, merges; 2,000 dimensions in batches of 20,000
INSERT_SPARSE_US = 92.0  # the same when nearly every event is a rollup row of its own (before parts were compact)
WIRE_B = 850  # an event with its headers, posted alone
SPOOL_B = 727  # an event's row on the spool's disk, and on the wire to ClickHouse
RAW_B = 35.0  # an event in api_events on disk, 16 of them a random event id
DENSE_ROLLUP_B = 180.0  # a rollup row on disk with a hundred requests in it
TICK_S_PER_1000 = 0.032  # an evaluation, for each thousand active dimensions (0.26 to 0.32 s for 10,000)
INCIDENT_B = 7_000.0  # of Redis memory for an incident of one alert, its message still in the outbox (4,200 once told)
MEMBER_B = 610.0  # for each alert more of an incident

# Chosen.
BUSY = 0.6  # of a core that is planned for; the rest is for bursts, and for catching up after an outage
COPIES = 2  # of every part in ClickHouse
SHARD_CORES = 16
BATCH_S = 2.0  # a worker ships at least this often,
BATCH_EVENTS = 16_500  # and when so many events wait (12 MiB of rows)
LIVE_ALERTS = 0.05  # of the dimensions, at the worst time
KEPT_DAYS = {"raw": 30, "10 s": 2, "5 min": 35, "1 h": 400}
BUCKETS_A_DAY = {"10 s": 8_640, "5 min": 288, "1 h": 24}


@dataclass(frozen=True, slots=True)
class Scale:
    """``dimensions`` are those active in every 10 s: client x provider x model."""

    name: str
    rate: int
    dimensions: int


SCALES = (Scale("1 k/s", 1_000, 1_000), Scale("100 k/s", 100_000, 10_000), Scale("10 M/s", 10_000_000, 100_000))


@dataclass(frozen=True, slots=True)
class Need:
    """Everything that a scale asks for. Sizes in bytes, times in seconds."""

    scale: Scale

    def workers(self, us: float) -> int:
        """Processes with a core each."""
        return max(1, math.ceil(self.scale.rate * us / 1e6 / BUSY))

    @property
    def batch(self) -> float:
        """Events of an insert."""
        return min(BATCH_EVENTS, self.scale.rate * BATCH_S / self.workers(BATCHED_US))

    @property
    def insert_us(self) -> float:
        """Between the dense and the sparse cost, by the share of a worker's batch that opens a rollup row."""
        opened = min(1.0, self.scale.dimensions / self.batch)
        return INSERT_US + (INSERT_SPARSE_US - INSERT_US) * opened

    @property
    def insert_cores(self) -> float:
        return self.scale.rate * self.insert_us / 1e6 / BUSY * COPIES

    @property
    def shards(self) -> int:
        return math.ceil(self.insert_cores / COPIES / SHARD_CORES)

    @property
    def inserts_s(self) -> float:
        """Inserts a second in each shard, when every worker sends each batch to one shard."""
        return self.scale.rate / self.batch / self.shards

    @property
    def raw_day(self) -> float:
        return self.scale.rate * DAY_S * RAW_B * COPIES

    def rollup_rows(self, grain: str) -> int:
        return self.scale.dimensions * BUCKETS_A_DAY[grain] * KEPT_DAYS[grain]

    @property
    def rollup_bytes(self) -> float:
        return sum(self.rollup_rows(grain) for grain in BUCKETS_A_DAY) * DENSE_ROLLUP_B * COPIES

    @property
    def tick_s(self) -> float:
        return self.scale.dimensions / 1_000 * TICK_S_PER_1000

    @property
    def redis_apart(self) -> float:
        """When no two alerts have a cause in common."""
        return self.scale.dimensions * LIVE_ALERTS * INCIDENT_B

    @property
    def redis_together(self) -> float:
        """When one incident has them all."""
        return INCIDENT_B + (self.scale.dimensions * LIVE_ALERTS - 1) * MEMBER_B


def main() -> None:
    needs = [Need(scale) for scale in SCALES]
    rows: list[tuple[str, list[str]]] = [
        ("active dimensions", [f"{need.scale.dimensions:,}" for need in needs]),
        ("ingest workers, batches (a core each)", [f"{need.workers(BATCHED_US):,}" for need in needs]),
        ("ingest workers, single events, uvicorn", [f"{need.workers(SINGLE_US):,}" for need in needs]),
        ("ingest workers, single events, hypercorn", [f"{need.workers(SINGLE_HYPERCORN_US):,}" for need in needs]),
        ("network in, single events, Gbit/s", [f"{need.scale.rate * WIRE_B * 8 / GB:,.2f}" for need in needs]),
        ("spool disks written, MB/s", [f"{need.scale.rate * SPOOL_B / 1e6:,.1f}" for need in needs]),
        ("ClickHouse CPU an event, us", [f"{need.insert_us:.0f}" for need in needs]),
        ("ClickHouse cores, both copies", [f"{need.insert_cores:,.1f}" for need in needs]),
        (f"ClickHouse shards of {SHARD_CORES} cores", [f"{need.shards:,}" for need in needs]),
        ("events of an insert", [f"{need.batch:,.0f}" for need in needs]),
        ("inserts a second in a shard", [f"{need.inserts_s:,.1f}" for need in needs]),
        ("raw events, disk a day, GB", [f"{need.raw_day / GB:,.1f}" for need in needs]),
        (
            f"raw events, {KEPT_DAYS['raw']} days, TB",
            [f"{need.raw_day * KEPT_DAYS['raw'] / 1e12:,.2f}" for need in needs],
        ),
        *(
            (f"rows of {grain} kept, millions", [f"{need.rollup_rows(grain) / 1e6:,.0f}" for need in needs])
            for grain in BUCKETS_A_DAY
        ),
        ("rollups, disk at most, GB", [f"{need.rollup_bytes / GB:,.0f}" for need in needs]),
        ("a tick, s", [f"{need.tick_s:.2f}" for need in needs]),
        ("Redis, each alert an incident, MB", [f"{need.redis_apart / 1e6:.2f}" for need in needs]),
        ("Redis, all alerts in one incident, MB", [f"{need.redis_together / 1e6:.2f}" for need in needs]),
    ]
    print_table("On paper", ("", *(scale.name for scale in SCALES), ""), [(what, *cells, "") for what, cells in rows])


if __name__ == "__main__":
    main()
