"""What o11y counts about itself, for ``/metrics``. A leaf: everything may count, nothing here imports the house."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter, which nobody reads


class Metrics:
    """One registry per process, passed as an argument; never the library's global one."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"o11y_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"o11y_{name}", text, labels, registry=self.registry)

        self.requests = counter("ingest_requests", "Requests to the ingest doors", "path", "status")
        self.events_accepted = counter("events_accepted", "Events acknowledged")
        self.events_rejected = counter("events_rejected", "Events refused")
        self.events_folded = counter("events_folded", "Events folded into model other: too many dimensions", "client")
        self.batches_shipped = counter("batches_shipped", "Spool batches inserted into ClickHouse")
        self.events_shipped = counter("events_shipped", "Events and history rows inserted into ClickHouse")
        self.ship_failures = counter("ship_failures", "Inserts that failed and will be retried")
        self.batches_aside = gauge("spool_batches_aside", "Batches set aside that wait for a human")
        self.batches_set_aside = counter("batches_set_aside", "Spool batches that ClickHouse refused for their content")
        self.spool_events_lost = counter("spool_events_lost", "Events that a damaged spool file has cost")
        self.spool_events = gauge("spool_events", "Events waiting in the spool")
        self.spool_bytes = gauge("spool_bytes", "Bytes waiting in the spool")
        self.spool_held_bytes = gauge("spool_held_bytes", "Bytes in the spool, batches set aside included")
        self.spool_limit_bytes = gauge(
            "spool_limit_bytes", "Bytes that the spool may hold, by its setting and its disk"
        )
        self.spool_age_s = gauge("spool_age_seconds", "Age of the oldest event waiting in the spool")
        self.ticks = counter("ticks", "Minutes evaluated", "outcome")
        self.tick_seconds = Histogram(
            "o11y_tick_seconds",
            "Duration of an evaluation",
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50),
        )
        self.last_tick = gauge("last_tick_timestamp_seconds", "The newest minute evaluated (unix time)")
        self.verdicts = counter("alert_verdicts", "Alerts, by what became of them", "severity", "verdict")
        self.notifications = counter("notifications", "Notifications by outcome", "severity", "outcome")
        self.outbox = gauge("outbox_entries", "Notifications waiting for delivery")
        self.silences = gauge("silences", "Silences in force")
        self.memory_lost = counter("memory_lost", "Times Redis did not answer")
        self.troubles = gauge("troubles", "What o11y finds wrong with itself", "trouble")
        self.heartbeats = counter("heartbeats", "Calls of the heartbeat URL", "outcome")
        self.clock_off = gauge(
            "client_clock_off_ratio", "Share of the timed events of 10 min refused for their time, or far off", "client"
        )
        self.posthog_dropped = gauge("posthog_dropped", "Events that PostHog's bounded queue dropped")
