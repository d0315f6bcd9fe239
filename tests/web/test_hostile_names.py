"""Names from outside on pages: text, whatever they are, and nothing of a page is inline."""

import re
from html.parser import HTMLParser

import pytest

from tests.hostile_text import HOSTILE
from tests.web.dashboard_house import DashboardHouse
from tests.web.sheet import sheet_house

BREAKING_OUT = {
    "a script": "<script>alert(1)</script>",
    "the end of a script": "</script><script>alert(1)</script>",
    "the end of an attribute": '" onmouseover="alert(1)" x="',
    "the end of a quoted attribute": "' onfocus='alert(1)' autofocus='",
    "a comment's beginning": "<!-- <script",
    "a template": "{{ 7 * 7 }}{% raw %}",
    "a link of a script": "javascript:alert(1)",
    "an entity": "&lt;script&gt;&#x3c;",
    **HOSTILE,
}


class Structure(HTMLParser):
    """The elements of a page, with the names of their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def sheet(name: str) -> str:
    reply = sheet_house(name).get("/")
    assert reply.status == 200
    return reply.text


PLAIN = Structure(sheet("plain"))


@pytest.mark.parametrize("name", BREAKING_OUT.values(), ids=BREAKING_OUT.keys())
def test_a_name_adds_no_element_and_no_attribute_to_a_page(name: str) -> None:
    found = Structure(sheet(name))
    assert found.elements == PLAIN.elements
    assert [link for link in found.links if not re.match(r"/(?!/)|#main$", link)] == []


@pytest.mark.parametrize("name", BREAKING_OUT.values(), ids=BREAKING_OUT.keys())
def test_words_that_are_shown_once_and_refused_are_text_as_well(name: str) -> None:
    house = sheet_house("plain")
    browser = house.signed_in()
    browser.post("/change", {"word": name})
    shown = Structure(browser.get("/").text)
    assert shown.elements.count(("script", ("src", "defer"))) == PLAIN.elements.count(("script", ("src", "defer")))
    assert not [element for element in shown.elements if any(name.startswith("on") for name in element[1])]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere"])
@pytest.mark.parametrize("inside", [True, False])
def test_nothing_is_inline(path: str, inside: bool) -> None:
    house: DashboardHouse = sheet_house("plain")
    text = (house.signed_in() if inside else house.browser()).get(path).text
    for tag, names in Structure(text).elements:
        assert "style" not in names
        assert tag != "style"
        assert not [name for name in names if name.startswith("on")]
    for attributes in re.findall(r"<script\b([^>]*)>", text):
        assert "src=" in attributes or 'type="application/json"' in attributes
