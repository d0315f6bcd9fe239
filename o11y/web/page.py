"""What a page of the dashboard is written against: who asks, and what may be answered.

A page module gives its ``Page``s and ``Change``s; ``application.web_routes`` makes routes of those of all modules.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from o11y.http.admin_tokens import Admin, Role


@dataclass(frozen=True, slots=True)
class Visit:
    """What somebody signed in asks for. Of a name given more than once the last counts.

    ``in_path``: the names in braces of the path, percent-decoded. ``query``: at most 4 KiB in all. ``form``: what a
    ``Change`` brings, at most 64 KiB, and only after its CSRF token was found good (the token itself is left out).
    """

    admin: Admin
    in_path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def may_edit(self) -> bool:
        return self.admin.role.may(Role.EDITOR)


@dataclass(frozen=True, slots=True)
class View:
    """HTML: a template of ``templates/``. Its context also has what ``rendering.Rendering`` puts into every one."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Data:
    """JSON, for a chart that asks for its numbers itself."""

    content: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Done:
    """After a change: 303 to ``to``, a path of our own; ``said`` is shown there once."""

    to: str
    said: str = ""


class Refusal(Exception):
    """No answer but words for the person who asked: 404 for what does not exist, 400 for what cannot be meant.

    ``words`` name what was refused and what would be accepted.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


Answer = View | Data | Done


@dataclass(frozen=True, slots=True)
class Page:
    """A GET. ``path`` may have parts in braces; a part matches no slash, percent-encoded ones included.

    ``data``: it answers ``Data``, so that its errors are JSON too.
    """

    path: str
    answer: Callable[[Visit], Awaitable[Answer]]
    needs: Role = Role.VIEWER
    data: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A POST of an urlencoded form."""

    path: str
    act: Callable[[Visit], Awaitable[Answer]]
    needs: Role = Role.EDITOR
