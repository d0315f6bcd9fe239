"""Kill -9 of an evaluator at each step of an incident's life: nothing is lost, and what is told twice says so."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, repeat

from tests.chaos.evaluator_process import Evaluator
from tests.chaos.fate import ANY, COMMIT, DONE, EDIT, FINISH, HISTORY, LEASE, RECEIVE, SEND
from tests.chaos.ledger import Pages, audit_told
from tests.chaos.outcome import Outcome, Scale
from tests.chaos.said import shown_by
from tests.chaos.stage import MINUTE, Stage, stage
from tests.chaos.story import LAST, LENGTH, OBJECTIVES, Story
from tests.program.program import Program

#: the named steps of a message; where there are conversations the edit is one more
OF_MESSAGES = tuple(
    f"{point} {when}" for point in (COMMIT, SEND, RECEIVE, DONE, HISTORY) for when in ("before", "after")
)
OF_EDITS = (f"{EDIT} before", f"{EDIT} after")
#: of a minute, and anywhere
OF_MINUTES = (f"{LEASE} after", f"{FINISH} before", f"{ANY} before", f"{ANY} after")
#: how many steps off a death "anywhere" is at most; some four minutes
FAR = 40
#: of an attempt that was never heard of again
ATTEMPT_S = 31


def kills(scale: Scale) -> Outcome:
    """By a webhook, then in conversations. An heir takes over each time, half a minute later."""
    stories = scale.times(1, 6)
    with stage(scale.seed, hours_ago=2 + 2 * 2 * stories) as scene, scene.door() as door:
        lives = [_Life(scene, door, in_place=in_place) for in_place in (False, True)]
        for life in lives:
            life.live(stories, kills=scale.times(5, 50))
        assert scene.slack.refusals == [], scene.slack.refusals
    return Outcome(
        "kill -9 over the life of incidents",
        sum(life.kills for life in lives),
        len(scene.acknowledged),
        notifications=sum(each.due for life in lives for each in life.told),
        notifications_lost=sum(each.lost for life in lives for each in life.told),
        notifications_duplicated=sum(each.duplicated for life in lives for each in life.told),
        marked=sum(each.marked for life in lives for each in life.told),
        note="half of them in conversations: one message an incident",
    )


class _Life:
    """Evaluators of one mode, one at a time, and what their stories came to."""

    def __init__(self, scene: Stage, door: Program, *, in_place: bool) -> None:
        self.kills = 0
        self.told: list[Pages] = []
        self._scene = scene
        self._door = door
        self._in_place = in_place
        points = [*OF_MESSAGES, *OF_MINUTES, *(OF_EDITS if in_place else ())]
        self._points = chain.from_iterable(scene.dice.sample(points, len(points)) for _ in repeat(None))

    def live(self, stories: int, *, kills: int) -> None:
        with _line_of(self._scene, in_place=self._in_place) as line:
            for _ in range(stories):
                story = Story(self._scene.clock() + 10 * MINUTE, len(self._scene.due), in_place=self._in_place)
                self._scene.due[f"-{story.number:03}"] = story.all
                self._scene.post(self._door, story.events(self._scene.dice))
                self._door.until_shipped()
                before, roots = len(self._scene.told()), len(self._scene.slack.workspace.roots)
                deaths = -self.kills
                self._play(story, line, kills=kills)
                deaths += self.kills
                self.told.append(self._judged(story, before, roots, deaths=deaths))
                self._scene.clock.set(story.minute(LENGTH))

    def _play(self, story: Story, line: "_Line", *, kills: int) -> None:
        armed = False
        for number in range(1, LAST):
            self._scene.clock.set(story.minute(number))
            if not armed and self.kills < kills:
                line.reigning.ask(self._next_fate())
                armed = True
            for word in ("tick", "deliver"):
                found = line.reigning.try_to(word)
                if found is None:
                    self.kills += 1
                    armed = False
                    self._inherit(line, story.minute(number))
                else:
                    assert not found.get("error"), found["error"]
        line.reigning.ask("live")

    def _next_fate(self) -> str:
        point = next(self._points)
        return f"die {point} {self._scene.dice.randrange(1, FAR) if point.startswith(ANY) else 1}"

    def _inherit(self, line: "_Line", minute: object) -> None:
        """Half a minute later: what was on its way is told; the minute is evaluated with the next."""
        line.succeed()
        self._scene.end_lease(self._scene.clock().replace(second=0))
        self._scene.clock.advance(seconds=ATTEMPT_S)
        line.reigning.ask("deliver")

    def _judged(self, story: Story, before: int, roots: int, *, deaths: int) -> Pages:
        """Of the whole story; in conversations its incidents have one message each, which shows how it ended.

        Each death may have come between a message and the note of it, which costs one repeat that says so.
        """
        told = self._scene.told()[before:]
        found = audit_told(told, {"": story.all}, marks_allowed=deaths)
        assert not found.unexpected, found.unexpected
        assert found.marked <= deaths, f"{found.marked} repeats of {deaths} deaths"
        if self._in_place:
            shown = [shown_by(root) for root in self._scene.slack.workspace.roots[roots:]]
            posted = [one for one in shown if one.change is not None]
            assert len(posted) <= 3 + found.marked, [one.text for one in posted]
            last = {one.change for one in posted}
            assert set(story.all[-1:]) | {story.outage[-1]} <= last, f"no message shows the end: {last}"
        return found


@dataclass(slots=True)
class _Line:
    """Of succession: who evaluates, and who will, ready or getting ready."""

    reigning: Evaluator
    heir: Evaluator

    def succeed(self) -> None:
        self.heir.ready()
        self.reigning, self.heir = self.heir, self.reigning
        self.heir.launch()


@contextmanager
def _line_of(scene: Stage, *, in_place: bool) -> Iterator[_Line]:
    way = "conversation" if in_place else "webhook"
    settings = {"objectives_file": str(OBJECTIVES)}
    with ExitStack() as stack:
        crew = [scene.evaluator(f"{way}-{name}", in_place=in_place, **settings) for name in ("one", "two")]
        for evaluator in crew:
            evaluator.launch()
            stack.push(evaluator)
        crew[0].ready()
        yield _Line(*crew)
