"""What a minute's alerts cost until it is decided who is told of what: thousands at once, in one cause and in none.

Pure CPU time of ``steps`` in this process, a minute after the other: half of the dimensions fire, then all, then they
go on, then all is well. The messages are made too, without their facts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from time import process_time

from o11y.alerting.book import Book
from o11y.alerting.incident import LOUD, UNDELIVERED, Delivered
from o11y.alerting.lifecycle import Terms
from o11y.alerting.minute import Minute
from o11y.alerting.step import Step, steps
from o11y.alerting.triage import PagePolicy, triage
from o11y.slo.counts import Counts, Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.evaluation import Evaluator
from o11y.slo.windows import Severity
from o11y.worker.messages import Known, alerts_of, message_of
from tests.bench.measure import Figure, options, print_figures
from tests.builders import ERROR_RATE, NOW, objective
from tests.worker_fakes import WINDOWS

DIMENSIONS = 2_000
DIMENSIONS_LONG = 10_000
MINUTES = ("half of it fires", "the rest too", "all goes on", "all is well")
OBJECTIVES = (
    objective(),
    objective(name="provider", family="p", scope=Scope.PROVIDER),
    objective(name="client", family="c", scope=Scope.CLIENT),
)


def one_provider(number: int) -> list[Dimension]:
    return [Dimension(f"client-{n % 10}", "provider", f"model-{n}") for n in range(number)]


def nothing_in_common(number: int) -> list[Dimension]:
    return [Dimension(f"client-{n}", f"provider-{n}", f"model-{n}") for n in range(number)]


def counted(places: Sequence[Dimension], firing: int) -> Counts:
    """The first ``firing`` of them fail by half."""
    return {
        place: {ERROR_RATE: {window: Ratio(50 if n < firing else 0, 100) for window in WINDOWS}}
        for n, place in enumerate(places)
    }


def lived(places: Sequence[Dimension]) -> Iterator[float]:
    """CPU seconds of each minute."""
    book, evaluator = Book(), Evaluator(OBJECTIVES)
    named = {each.name: each for each in OBJECTIVES}
    for n, firing in enumerate((len(places) // 2, len(places), len(places), 0)):
        at, counts = NOW + timedelta(minutes=n), counted(places, firing)
        alerts = tuple(triage(list(evaluator.breaches(counts)), PagePolicy(None), at=at))
        began = process_time()
        minute = Minute(at, alerts, counts, named)
        done = steps(
            book,
            minute,
            terms=Terms(),
            silenced=lambda _: LOUD,
            edits=dict.fromkeys(Severity, False),
            new_id=lambda opening: min(alert.key for alert in opening),
        )
        _messages(done, minute)
        yield process_time() - began
        kept = {step.after.incident_id: replace(step.after, version=1) for step in done}
        book = Book({**book.incidents, **kept}, {identity: Delivered(at, at) for identity in kept})


def _messages(done: Sequence[Step], minute: Minute) -> None:
    for step in done:
        if step.news is not None:
            alerts = alerts_of(step, minute)
            message_of(
                step, minute, alerts, notification_id="-", known=Known(), delivered=UNDELIVERED, without_memory=False
            )


def main() -> None:
    chosen = options(__doc__, rounds=3, longer=f"{DIMENSIONS_LONG:,} dimensions")
    number = DIMENSIONS_LONG if chosen.long else DIMENSIONS
    for title, places in (("one provider", one_provider), ("nothing in common", nothing_in_common)):
        rounds = [list(lived(places(number))) for _ in range(chosen.rounds)]
        figures = [
            Figure(what, "s", samples, digits=2)
            for what, samples in zip(MINUTES, zip(*rounds, strict=True), strict=True)
        ]
        print_figures(f"{number:,} dimensions with {title}", figures)


if __name__ == "__main__":
    main()
