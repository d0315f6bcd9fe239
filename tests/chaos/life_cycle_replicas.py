"""Three evaluators race for every minute. Who stands still over its lease, and goes on, tells nothing again."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.chaos.evaluator_process import Evaluator
from tests.chaos.fate import COMMIT
from tests.chaos.ledger import Pages, audit_told
from tests.chaos.outcome import Outcome, Scale
from tests.chaos.stage import MINUTE, Stage, stage
from tests.chaos.story import LENGTH, OBJECTIVES, SHORT_LAST, Story

REPLICAS = 3


def replicas(scale: Scale) -> Outcome:
    """Whoever is about to keep a message with its incident is stopped; another takes the minute over, and tells it."""
    stories = scale.times(1, 10)
    told: list[Pages] = []
    halts = refused = 0
    with stage(scale.seed, hours_ago=2 + 2 * stories) as scene, scene.door() as door, _crew(scene) as crew:
        for number in range(stories):
            story = Story(scene.clock() + 10 * MINUTE, number)
            scene.post(door, story.events(scene.dice))
            door.until_shipped()
            before = len(scene.told())
            for minute in range(1, SHORT_LAST):
                scene.clock.set(story.minute(minute))
                halted, stale = _minute(scene, crew)
                halts, refused = halts + halted, refused + stale
            told.append(audit_told(scene.told()[before:], {"": story.outage}, marks_allowed=0))
            assert not told[-1].unexpected, told[-1].unexpected
            scene.clock.set(story.minute(LENGTH))
        assert scene.slack.refusals == [], scene.slack.refusals
        assert refused == halts, f"{halts} went on after another had told the minute, {refused} were refused"
        events = len(scene.acknowledged)
    return Outcome(
        "SIGSTOP before a commit, lease taken over",
        halts,
        events,
        notifications=sum(each.due for each in told),
        notifications_lost=sum(each.lost for each in told),
        notifications_duplicated=sum(each.duplicated for each in told),
        note=f"{REPLICAS} evaluators race; every late commit was refused",
    )


def _minute(scene: Stage, crew: Sequence[Evaluator]) -> tuple[int, int]:
    """How many were stopped, and how many of their commits were refused."""
    for evaluator in crew:
        evaluator.ask(f"halt {COMMIT} before 1")
    halted = _race(crew)
    awake = [evaluator for evaluator in crew if evaluator not in halted]
    for evaluator in awake:
        evaluator.ask("live")
    stale = 0
    if halted:
        scene.end_lease(scene.clock())
        scene.clock.advance(seconds=21)
        assert not _race(awake), "nobody else was to be stopped"
        for sleeper in halted:
            sleeper.cont()
            stale += sleeper.answer()["refused"]
            sleeper.ask("live")
    for evaluator in crew:
        evaluator.ask("deliver")
    return len(halted), stale


def _race(crew: Sequence[Evaluator]) -> list[Evaluator]:
    """All of them are told at once that the minute has come; who is stopped in it."""
    for evaluator in crew:
        evaluator.say("tick")
    halted = []
    for evaluator in crew:
        found = evaluator.settled()
        if found is None:
            halted.append(evaluator)
        else:
            assert found["error"] == "", found["error"]
    return halted


@contextmanager
def _crew(scene: Stage) -> Iterator[list[Evaluator]]:
    with ExitStack() as stack:
        crew = [scene.evaluator(f"replica-{n}", objectives_file=str(OBJECTIVES)) for n in range(REPLICAS)]
        for evaluator in crew:
            evaluator.launch()
            stack.push(evaluator)
        for evaluator in crew:
            evaluator.ready()
        yield crew
