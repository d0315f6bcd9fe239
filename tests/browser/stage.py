"""The real program over a seeded data folder, with its Slack, and gateways that go on posting the story."""

import copy
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from tests.browser.seeding import post_all, posts_between
from tests.browser.story import ADMIN_TOKENS, CLIENTS
from tests.program.program import Program, environment
from tests.slack_press import SIGNING_SECRET
from tests.slack_stand_in import SlackStandIn
from tests.slack_workspace import PAGES, TICKETS, TOKEN, Workspace

ROOT = Path(__file__).parents[2]
SEEDING_DEADLINE_S = 240
POSTED_EVERY_S = 2.0
MANY = 10_000


@dataclass(frozen=True)
class Seeded:
    """A data folder to be copied, and what Slack had been told when it was made."""

    folder: Path
    present: datetime
    workspace: Workspace


@dataclass(frozen=True)
class Stage:
    program: Program
    slack: SlackStandIn

    @property
    def url(self) -> str:
        return self.program.url


def seeded_story(folder: Path) -> Seeded:
    with SlackStandIn() as slack:
        present = _seed(folder, slack)
        assert slack.refusals == []
        return Seeded(folder, present, slack.workspace)


def seeded_many(folder: Path) -> Seeded:
    """10,000 dimensions."""
    with SlackStandIn() as slack:
        return Seeded(folder, _seed(folder, slack, "--dimensions", str(MANY)), slack.workspace)


@contextmanager
def played(seeded: Seeded, folder: Path, *, live: bool = True) -> Iterator[Stage]:
    """The program over a copy of what was seeded, so that one test's doings are not another's. ``live``: the story
    goes on.
    """
    shutil.copytree(seeded.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
    with SlackStandIn() as slack:
        slack.workspace = copy.deepcopy(seeded.workspace)
        with Program(folder, own_secrets=False, **settings_of(slack)) as program:
            if not live:
                yield Stage(program, slack)
                return
            with Gateways(program, since=seeded.present, present=seeded.present):
                yield Stage(program, slack)


def settings_of(slack: SlackStandIn) -> dict[str, object]:
    return {
        "admin_tokens": json.dumps(ADMIN_TOKENS),
        "client_secrets": json.dumps({client: [secret] for client, secret in CLIENTS.items()}),
        "slack_base_url": slack.api_url,
        "slack_bot_token": TOKEN,
        "slack_page_channel": PAGES,
        "slack_signing_secret": SIGNING_SECRET,
        "slack_ticket_channel": TICKETS,
    }


def _seed(folder: Path, slack: SlackStandIn, *arguments: str) -> datetime:
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.seeding", str(folder), *arguments],
        cwd=ROOT,
        env=environment(**settings_of(slack)),
        capture_output=True,
        text=True,
        timeout=SEEDING_DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return datetime.fromisoformat(done.stdout.strip())


class Gateways:
    """Post what the story has had since ``since``, then what it has as time goes on."""

    def __init__(self, program: Program, *, since: datetime, present: datetime) -> None:
        self._port = urlsplit(program.url).port or 0
        self._posted = since
        self._present = present
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post_on)
        self._failure: BaseException | None = None

    def __enter__(self) -> None:
        self._post()
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        assert self._failure is None, f"the gateways could not post: {self._failure!r}"

    def _post(self) -> None:
        now = datetime.now(UTC)
        post_all(self._port, posts_between(self._posted, now, present=self._present))
        self._posted = now

    def _post_on(self) -> None:
        while not self._stop.wait(POSTED_EVERY_S):
            try:
                self._post()
            except BaseException as error:  # told when the test ends
                self._failure = error
                return
