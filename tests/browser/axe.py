"""axe-core over a page as it is: what keeps people from reading or using it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"


def violations(page: "Page") -> list[str]:
    """Of every impact, each with the first places; empty when there are none. Raises when axe looked at nothing."""
    page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(_RUN, _TAGS)
    assert len(found["passes"]) > 5, "axe passed almost no rule: it did not see the page"
    return [_words(violation) for violation in found["violations"]]


def _words(violation: dict[str, Any]) -> str:
    places = "; ".join(f"{node['html'][:160]} ({_why(node)})" for node in violation["nodes"][:3])
    return f"{violation['impact']}: {violation['id']} x {len(violation['nodes'])}: {places}"


def _why(node: dict[str, Any]) -> str:
    return " ".join(check["message"] for check in (*node["any"], *node["all"], *node["none"]))[:200]
