"""Templates to HTML. Everything from outside is escaped, and a name that a template misspells is an error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from o11y.web.assets import Assets
from o11y.web.drawing import spark_path
from o11y.web.forgery import FIELD, form_token
from o11y.web.formats import FILTERS
from o11y.web.page import Visit
from o11y.web.paths import dimension_path
from o11y.web.session import Session

FOLDER = Path(__file__).parent / "templates"

#: what the header leads to: the first part of the path, and its words
SECTIONS = (
    ("", "Overview"),
    ("alerts", "Alerts"),
    ("budgets", "Budgets"),
    ("objectives", "Objectives"),
    ("status", "Status"),
)
_PART_OF = {"d": ""}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is shown, and to whom. ``said``: words to be shown once."""

    path: str
    now: datetime
    session: Session | None = None
    visit: Visit | None = None
    said: str = ""


class Rendering:
    """Compiles each template once."""

    def __init__(self, assets: Assets, *, version: str, folders: Sequence[Path] = (FOLDER,)) -> None:
        self._jinja = Environment(
            loader=FileSystemLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._jinja.filters |= dict(FILTERS)
        self._jinja.globals |= {
            "asset": assets.path,
            "dimension_path": dimension_path,
            "part": partial(quote, safe=""),
            "spark_path": spark_path,
            "version": version,
        }

    def html(self, template: str, context: Mapping[str, Any], place: Place) -> str:
        """The context's names, and beside them always: ``visit`` (None when nobody is signed in), ``now``, ``nav``,
        ``sections``, ``path``, ``said``, ``csrf()``; globally ``asset(name)``, ``part(text)`` for a
        part of a path, ``dimension_path(dimension)``, ``version``.
        """
        shown = {
            "visit": place.visit,
            "now": place.now,
            "nav": section(place.path),
            "sections": SECTIONS,
            "path": place.path,
            "said": place.said,
            "csrf": partial(_csrf, place.session),
        }
        return self._jinja.get_template(template).render({**context, **shown})


def section(path: str) -> str:
    """Whose page it is, of ``SECTIONS``."""
    first = path.strip("/").partition("/")[0]
    return _PART_OF.get(first, first)


def hidden_field(token: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


def _csrf(session: Session | None) -> Markup:
    return Markup("") if session is None else hidden_field(form_token(session.key, session.mark))
