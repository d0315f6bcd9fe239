"""Names on ``/objectives``: meant exactly, refused where they were typed, and removable however they were kept."""

import html
import re

import pytest

from o11y.slo.override import Selector, Values
from o11y.worker.ports.overrides import Change
from tests.builders import NOW
from tests.web.test_objectives import House, change, edit, field

OFF = {"objective": "error-rate", "enabled": "false"}


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("client", "*", "meant exactly"),
        ("model", "anthropic/*", "meant exactly"),
        ("client", " web ", "space before or after it"),
        ("provider", "a\tb", "control character"),
    ],
)
@pytest.mark.parametrize("path", ["save", "suggest", "rehearse"])
def test_what_is_no_name_is_told_beside_its_field(path: str, kind: str, name: str, words: str) -> None:
    house = House()
    reply = house.post(f"/objectives/{path}", {**OFF, kind: name})
    assert reply.status == 400
    assert re.search(rf'id="problem-{kind}">[^<]*{words}', reply.text)
    assert html.unescape(field(reply.text, kind)) == name
    assert house.store.kept == []


def test_a_name_that_the_objective_does_not_cover_is_told_before_anything_is_proposed() -> None:
    reply = House().post("/objectives/suggest", {"objective": "special/errors", "model": "gpt"})
    assert (reply.status, "what fits anthropic/*" in reply.text) == (400, True)
    assert "no requests" not in reply.text


@pytest.mark.parametrize("name", ["*", "anthropic/*", " web ", "a\tb", "a\x85b", "ft:gpt-4o", "a\nb", "a\x00b"])
@pytest.mark.parametrize("kind", ["client", "provider", "model"])
def test_a_name_that_is_kept_already_can_be_removed_from_both_pages(kind: str, name: str) -> None:
    for path in ("/objectives", edit(objective="error-rate", **{kind: name})):
        house = House()
        house.store.kept = [change(1, **{kind: name})]
        browser = house.signed_in()
        browser.get("/objectives")  # reads what is kept
        sent = hidden(browser.get(path).text)
        assert browser.post("/objectives/remove", sent).status == 303, path
        assert house.in_force.overrides == ()


def hidden(text: str) -> dict[str, str]:
    """What a browser sends of the form that removes: it has its own way with line breaks and NUL."""
    form = re.search(r'action="/objectives/remove">(.*?)</form>', text, re.DOTALL)
    assert form
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[1])
    sent = {name: html.unescape(re.sub("\r\n?", "\n", value).replace("\x00", "\ufffd")) for name, value in fields}
    return {name: value.replace("\n", "\r\n") for name, value in sent.items() if name in ("objective", *KINDS)}


KINDS = ("client", "provider", "model")


# ---------------------------------------------------------------- what holds after one is removed


def removed(*others: Change, objective: str = "error-rate", **names: str) -> str:
    house = House()
    gone = Change("gone", 1, NOW, "ann", Selector(objective, **names), None, Values(min_requests=9), note="")
    house.store.kept = [gone, *others]
    browser = house.signed_in()
    browser.get("/objectives")
    browser.post("/objectives/remove", {"objective": objective, **names})
    found = re.search(r"removed\.([^<]*)<", browser.get("/objectives").text)
    assert found
    return found[1].strip()


def test_without_others_the_file_holds_when_one_is_removed() -> None:
    assert removed(model="m") == "The file holds from the next evaluation on."


def test_a_wider_one_that_holds_when_one_is_removed_is_named() -> None:
    assert removed(change(1), model="m") == (
        "From the next evaluation on: enabled off (override, everywhere); all else as in the file."
    )


def test_one_of_another_client_is_not_named() -> None:
    assert removed(change(1, client="other"), client="web") == "The file holds from the next evaluation on."


def test_those_of_parts_of_it_stay_and_are_counted() -> None:
    assert removed(change(1, model="m"), change(2, client="web", provider="p")) == (
        "The file holds from the next evaluation on, but for 2 overrides of parts of it."
    )
    assert removed(change(1, client="web"), model="m") == (
        "The file holds from the next evaluation on, but for 1 override of a part of it."
    )


def test_of_an_objective_that_is_gone_nothing_held() -> None:
    assert removed(objective="none") == "It did nothing: the objectives file has none of this name."
