"""``/objectives``, as somebody signed in uses it."""

import re
from urllib.parse import urlencode

import pytest

from o11y.slo.counts import Ratio
from o11y.slo.objective import Objective
from o11y.slo.override import Selector, Values
from o11y.slo.rehearsal import Bucket
from o11y.web.objectives import PAGE_OF, objectives_pages
from o11y.worker.objective_overrides import ObjectiveOverrides
from o11y.worker.objectives_in_force import ObjectivesInForce
from o11y.worker.ports import StoreError
from o11y.worker.ports.overrides import Change
from o11y.worker.suggestions import Suggestions
from tests.builders import ERROR_RATE, NOW, dimension
from tests.fakes import SteppingClock
from tests.fakes_overrides import FakeOverrides, FakePast
from tests.http.objectives_house import FILE
from tests.web.dashboard_house import VIEWER, DashboardHouse
from tests.web.test_hostile_names import BREAKING_OUT, Structure

DAY_S = 86_400
MODEL = {"objective": "error-rate", "model": "vendor/model"}


class House(DashboardHouse):
    def __init__(self, file: tuple[Objective, ...] = FILE) -> None:
        self.store, self.past, self.clock = FakeOverrides(), FakePast(), SteppingClock(NOW)
        self.in_force = ObjectivesInForce(file, self.store)
        overrides = ObjectiveOverrides(self.store, self.in_force, clock=self.clock)
        super().__init__(objectives_pages(self.in_force, overrides, Suggestions(self.past, clock=self.clock)))

    def with_an_outage(self) -> "House":
        """Of ten minutes, an hour ago."""
        end_s = int(NOW.timestamp())
        self.past.dimensions = [dimension()]
        self.past.found = {ERROR_RATE: {3 * DAY_S: Ratio(100, 100_000)}}
        self.past.fine_from_s = end_s - 2 * DAY_S
        self.past.buckets = [
            Bucket(at, 50 if end_s - 3_600 <= at < end_s - 3_000 else 0, 100)
            for at in range(self.past.fine_from_s, end_s, 10)
        ]
        return self


def change(number: int, values: Values | None = Values(enabled=False), **names: str) -> Change:  # noqa: B008
    return Change(str(number), number, NOW, "ann", Selector("error-rate", **names), None, values, note="too noisy")


def edit(**query: str) -> str:
    return f"/objectives/edit?{urlencode(query)}"


def field(text: str, name: str) -> str:
    found = re.search(rf'<input id="{name}"[^>]* value="([^"]*)"', text)
    assert found, name
    return found[1]


# ---------------------------------------------------------------- looking


def test_the_page_shows_where_each_value_comes_from_the_overrides_and_the_history() -> None:
    house = House()
    house.store.kept = [change(1, model="vendor/model")]
    text = house.get("/objectives", token=VIEWER).text
    for words in ("error-rate", "special/errors", "of model anthropic/*", "0.999", "model vendor/model", "too noisy"):
        assert words in text.replace("each client, provider and model, model", "of model"), words
    assert '0.999 <br><span class="muted small">file</span>' in text
    assert "no override" in text
    assert 'aria-current="page">Objectives' in text


def test_a_viewer_has_no_form_and_nothing_to_press() -> None:
    house = House()
    house.store.kept = [change(1, model="vendor/model")]
    for path in ("/objectives", edit(**MODEL)):
        text = house.get(path, token=VIEWER).text
        assert "/objectives/remove" not in text
        assert "/objectives/save" not in text
    assert house.post("/objectives/save", {**MODEL, "enabled": "false"}, token=VIEWER).status == 403
    assert house.post("/objectives/remove", MODEL, token=VIEWER).status == 403


def test_an_override_that_does_nothing_says_why() -> None:
    house = House()
    house.store.kept = [Change("1", 1, NOW, "ann", Selector("gone"), None, Values(enabled=False))]
    text = house.get("/objectives").text
    assert "does nothing" in text
    assert "the objectives file has none of this name" in text


def test_many_overrides_are_on_pages_of_their_own() -> None:
    house = House()
    house.store.kept = [change(number, model=f"m{number:04d}") for number in range(2 * PAGE_OF + 1)]
    assert "Page 1 of 3" in house.get("/objectives").text
    last = house.get("/objectives?page=3").text
    assert last.count("/objectives/remove") == 1
    assert "Page 3 of 3" in house.get("/objectives?page=99").text
    assert house.get("/objectives?page=none").status == 400


def test_what_is_not_there_is_a_404_in_words() -> None:
    reply = House().get(edit(objective="none"))
    assert (reply.status, "The file has error-rate" in reply.text) == (404, True)


def test_while_the_history_cannot_be_read_the_page_says_so() -> None:
    house = House()
    house.store.fail = StoreError("away")
    assert house.get("/objectives").status == 503


# ---------------------------------------------------------------- changing


def test_an_override_is_saved_shown_changed_and_removed() -> None:
    house = House()
    browser = house.signed_in()
    form = {**MODEL, "target": "0.99", "enabled": "", "min_requests": " 20 ", "note": "slow model"}
    done = browser.post("/objectives/save", form)
    assert (done.status, done.headers["location"]) == (303, "/objectives")
    assert "error-rate, model vendor/model: saved" in browser.get("/objectives").text
    (kept,) = house.in_force.overrides
    assert (str(kept.values.target), kept.values.min_requests, kept.values.enabled) == ("0.99", 20, None)
    again = browser.get(edit(**MODEL)).text
    assert (field(again, "target"), field(again, "min_requests"), field(again, "note")) == ("0.99", "20", "slow model")
    browser.post("/objectives/save", {**MODEL, "enabled": "false"})
    assert house.in_force.current()[0].at(dimension()) is None
    assert browser.post("/objectives/remove", MODEL).status == 303
    assert house.in_force.overrides == ()
    assert browser.post("/objectives/remove", MODEL).status == 404


def test_empty_names_are_all_of_them_and_a_model_is_normalised() -> None:
    house = House()
    house.post(
        "/objectives/save", {"objective": "error-rate", "client": " ", "model": "Vendor/M:free", "enabled": "false"}
    )
    (kept,) = house.in_force.overrides
    assert kept.selector == Selector("error-rate", model="vendor/m")


@pytest.mark.parametrize(
    ("form", "name", "words"),
    [
        ({"target": "0.5"}, "target", "can never fire"),
        ({"target": "much"}, "target", "must be a number"),
        ({"min_requests": "many"}, "min_requests", "must be a whole number"),
        ({"confidence": "1"}, "confidence", "0.9 to 0.999999999999"),
        ({"note": "x" * 501, "enabled": "true"}, "note", "at most 500 characters"),
        ({"objective": "special/errors", "model": "gpt", "enabled": "true"}, "model", "what fits anthropic/*"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field_and_nothing_typed_is_lost(
    form: dict[str, str], name: str, words: str
) -> None:
    house = House()
    reply = house.post("/objectives/save", {**MODEL, **form})
    assert reply.status == 400
    assert re.search(rf'id="problem-{name}">[^<]*{re.escape(words)}', reply.text)
    assert re.search(rf'<input id="{name}"[^>]*problem-{name}"[^>]*aria-invalid="true"', reply.text)
    assert field(reply.text, name) == {**MODEL, **form}[name]
    assert house.store.kept == []


def test_nothing_at_all_is_told_above_the_form() -> None:
    reply = House().post("/objectives/save", MODEL)
    assert (reply.status, 'role="alert">replaces nothing' in reply.text) == (400, True)


# ---------------------------------------------------------------- suggesting


def test_suggest_fills_the_form_in_and_shows_the_last_seven_days_and_saves_nothing() -> None:
    house = House().with_an_outage()
    reply = house.post("/objectives/suggest", {**MODEL, "note": "mine"})
    assert reply.status == 200
    assert (field(reply.text, "target"), field(reply.text, "note")) == ("0.998", "mine")
    assert "0.1 % of 100,000 requests of the last 3 days were bad" in reply.text
    assert 'datetime="2026-11-21T11:01:00Z"' in reply.text
    assert re.search(r"<dt>Pages</dt><dd>1</dd>", reply.text)
    assert house.store.kept == []


def test_typed_values_can_be_tried_before_they_are_saved() -> None:
    house = House().with_an_outage()
    reply = house.post("/objectives/rehearse", {**MODEL, "target": "0.95"})
    assert "Nothing would have fired." in reply.text
    assert field(reply.text, "target") == "0.95"
    assert house.post("/objectives/rehearse", {**MODEL, "target": "0.5"}).status == 400


def test_without_data_there_is_no_suggestion_and_the_form_stays() -> None:
    reply = House().post("/objectives/suggest", {**MODEL, "target": "0.99"})
    assert (reply.status, "nothing to go by" in reply.text) == (200, True)
    assert field(reply.text, "target") == "0.99"


def test_of_traffic_nothing_can_be_suggested() -> None:
    text = House().get(edit(objective="silent")).text
    assert "/objectives/suggest" not in text
    assert 'name="target"' not in text


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize("name", BREAKING_OUT.values(), ids=BREAKING_OUT.keys())
def test_a_name_or_a_note_adds_no_element_to_the_pages(name: str) -> None:
    def pages(text: str) -> list[list[tuple[str, tuple[str, ...]]]]:
        house = House()
        house.store.kept = [
            Change("1", 1, NOW, text, Selector("error-rate", client=text), None, Values(enabled=False), note=text)
        ]
        found = house.get("/objectives"), house.get(edit(objective="error-rate", client=text))
        assert [reply.status for reply in found] == [200, 200]
        return [Structure(reply.text).elements for reply in found]

    assert pages(name[:300]) == pages("plain")
