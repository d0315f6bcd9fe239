"""The names in the queries of objectives: each known, given once, and meant exactly as it is written."""

import unicodedata
from urllib.parse import quote, urlencode

import pytest

from o11y.http.alerting_config import BASELINE_PATH, CONFIG_PATH, TTFB_BASELINE_PATH, TTFB_CONFIG_PATH
from o11y.http.objectives import CHANGES_PATH, OVERRIDES_PATH, PATH, SUGGESTION_PATH
from o11y.slo.override import Selector, Values
from o11y.worker.ports.overrides import Change
from tests.builders import NOW
from tests.hostile_text import HOSTILE
from tests.http.objectives_house import ObjectivesHouse

OFF = {"enabled": False}


def at(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"


def kept(**names: str) -> Change:
    return Change(str(names), 1, NOW, "ann", Selector("error-rate", **names), None, Values(enabled=False))


@pytest.mark.parametrize(
    ("method", "path", "accepted"),
    [
        ("GET", f"{PATH}?colour=red", "accepted: none"),
        ("GET", f"{PATH}/error-rate?colour=red", "accepted: client, provider, model"),
        ("GET", f"{OVERRIDES_PATH}?colour=red", "accepted: objective"),
        ("PUT", f"{OVERRIDES_PATH}?objective=error-rate&colour=red", "accepted: objective, client, provider, model"),
        ("DELETE", f"{OVERRIDES_PATH}?objective=error-rate&colour=red", "accepted: objective, client, provider, model"),
        ("GET", f"{CHANGES_PATH}?colour=red", "accepted: objective, before, limit"),
        ("GET", f"{SUGGESTION_PATH}?objective=error-rate&colour=red", "client, provider, model, enabled, target"),
        ("GET", f"{CONFIG_PATH}?colour=red", "accepted: none"),
        ("PUT", f"{CONFIG_PATH}?colour=red", "accepted: none"),
        ("DELETE", f"{TTFB_CONFIG_PATH}?model=a&colour=red", "accepted: model"),
        ("GET", f"{BASELINE_PATH}?model=a&colour=red", "accepted: model"),
        ("GET", f"{TTFB_BASELINE_PATH}?model=a&colour=red", "accepted: model"),
    ],
)
def test_a_name_that_a_query_does_not_have_is_refused_with_those_that_it_has(
    method: str, path: str, accepted: str
) -> None:
    house = ObjectivesHouse()
    reply = house.ask(method, path, {"model": "m", **OFF} if method == "PUT" else None)
    (issue,) = reply.json["issues"]
    assert (reply.status, issue["path"]) == (400, ["colour"])
    assert accepted in issue["message"]
    assert house.store.kept == []


def test_a_misspelt_name_neither_replaces_nor_removes_what_is_wider() -> None:
    house = ObjectivesHouse()
    house.store.kept = [kept(), kept(model="m")]
    assert house.ask("PUT", at(OVERRIDES_PATH, objective="error-rate", modle="m"), {"target": 0.99}).status == 400
    assert house.ask("DELETE", at(OVERRIDES_PATH, objective="error-rate", model="m", provder="p")).status == 400
    assert len(house.store.kept) == 2


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", f"{PATH}/error-rate?model=a&model=b", "model"),
        ("GET", f"{OVERRIDES_PATH}?objective=a&objective=b", "objective"),
        ("PUT", f"{OVERRIDES_PATH}?objective=error-rate&model=a&model=b", "model"),
        ("DELETE", f"{OVERRIDES_PATH}?objective=error-rate&model=a&model=a", "model"),
        ("GET", f"{SUGGESTION_PATH}?objective=error-rate&target=0.9&target=0.99", "target"),
        ("DELETE", f"{CONFIG_PATH}?model=a&model=b", "model"),
        ("GET", f"{BASELINE_PATH}?model=a&model=", "model"),
    ],
)
def test_a_name_that_is_given_twice_is_refused(method: str, path: str, name: str) -> None:
    house = ObjectivesHouse()
    house.store.kept = [kept(model="a"), kept(model="b")]
    reply = house.ask(method, path, OFF if method == "PUT" else None)
    (issue,) = reply.json["issues"]
    assert (reply.status, issue["path"], "more than once" in issue["message"]) == (400, [name], True)
    assert len(house.store.kept) == 2


@pytest.mark.parametrize("name", ["*", "anthropic/*", "a*b"])
def test_a_pattern_is_no_name_and_the_answer_says_how_all_are_meant(name: str) -> None:
    house = ObjectivesHouse()
    answers = [
        house.ask("PUT", at(OVERRIDES_PATH, objective="error-rate", model=name), OFF),
        house.ask("PUT", at(OVERRIDES_PATH, objective="provider", provider=name), OFF),
        house.ask("PUT", at(OVERRIDES_PATH, objective="error-rate", client=name), OFF),
        house.ask("GET", at(f"{PATH}/error-rate", model=name)),
        house.ask("GET", at(SUGGESTION_PATH, objective="error-rate", model=name)),
        house.ask("PUT", CONFIG_PATH, {"model": name, **OFF}),
        house.ask("GET", at(BASELINE_PATH, model=name)),
    ]
    for reply in answers:
        (issue,) = reply.json["issues"]
        assert (reply.status, len(issue["path"])) == (400, 1)
        assert "meant exactly" in issue["message"]
    assert "leave it out for all" in answers[0].json["issues"][0]["message"]
    assert house.store.kept == []


@pytest.mark.parametrize("name", [" web", "web ", "\u00a0web", "web\n", "a\x00b", "a\tb", "a\x85b", "\x7f"])
def test_a_name_with_space_around_it_or_controls_inside_is_refused(name: str) -> None:
    house = ObjectivesHouse()
    for kind in ("client", "provider"):
        reply = house.ask("PUT", at(OVERRIDES_PATH, objective="error-rate", **{kind: name}), OFF)
        (issue,) = reply.json["issues"]
        assert (reply.status, issue["path"]) == (400, [kind])
        assert "space" in issue["message"] or "control character" in issue["message"]
    assert house.store.kept == []


def test_a_model_with_controls_inside_is_refused_and_space_around_it_is_a_spelling() -> None:
    house = ObjectivesHouse()
    assert house.ask("PUT", CONFIG_PATH, {"model": "a\x00b", **OFF}).status == 400
    reply = house.ask("PUT", at(OVERRIDES_PATH, objective="error-rate", model=" Vendor/M "), OFF)
    assert reply.json["override"]["model"] == "vendor/m"


@pytest.mark.parametrize("name", ["*", "anthropic/*", " web ", "a\x00b", "ft:gpt-4o"])
@pytest.mark.parametrize("kind", ["client", "provider", "model"])
def test_a_name_that_is_kept_already_is_shown_and_can_be_removed(kind: str, name: str) -> None:
    house = ObjectivesHouse()
    house.store.kept = [kept(**{kind: name})]
    (one,) = house.ask("GET", OVERRIDES_PATH).json["overrides"]
    assert one[kind] == name
    assert house.ask("DELETE", at(OVERRIDES_PATH, objective="error-rate", **{kind: name})).status == 200
    assert house.ask("GET", OVERRIDES_PATH).json["overrides"] == []


@pytest.mark.parametrize("name", ["*", "a\x00b", "ft:gpt-4o"])
def test_a_configuration_that_is_kept_already_can_be_removed(name: str) -> None:
    house = ObjectivesHouse()
    house.store.kept = [kept(model=name)]
    assert [one["model"] for one in house.ask("GET", CONFIG_PATH).json["configs"]] == [name]
    assert house.ask("DELETE", at(CONFIG_PATH, model=name)).status == 200
    assert house.ask("DELETE", at(CONFIG_PATH, model=name)).status == 404


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_other_name_is_kept_and_answered_as_it_is_and_so_is_any_note(text: str) -> None:
    house, text = ObjectivesHouse(), text[:300]  # as much as a query holds, four bytes each and percent-encoded
    is_a_name = "*" not in text and not any(unicodedata.category(character) == "Cc" for character in text)
    client = text if is_a_name else "web"
    assert (
        is_a_name or house.ask("PUT", f"{OVERRIDES_PATH}?objective=error-rate&client={quote(text)}", OFF).status == 400
    )
    path = f"{OVERRIDES_PATH}?objective=error-rate&client={quote(client)}"
    reply = house.ask("PUT", path, {**OFF, "note": text})
    assert (reply.status, reply.json["override"]["client"]) == (200, client)
    assert reply.json["override"]["note"] == text.strip()
    assert house.ask("DELETE", path).status == 200


# ---------------------------------------------------------------- what an objective does not keep apart


@pytest.mark.parametrize(
    ("name", "names", "kind", "words"),
    [
        ("provider", {"model": "m"}, "model", "folds every model together"),
        ("special/errors", {"model": "gpt"}, "model", "what fits anthropic/*"),
    ],
)
def test_a_name_that_the_objective_cannot_select_is_a_400_wherever_it_is_asked(
    name: str, names: dict[str, str], kind: str, words: str
) -> None:
    house = ObjectivesHouse()
    for path in (at(f"{PATH}/{name}", **names), at(SUGGESTION_PATH, objective=name, **names)):
        reply = house.ask("GET", path)
        assert reply.status == 400
        (issue,) = reply.json["issues"]
        assert issue["path"] == [kind]
        assert words in issue["message"]
