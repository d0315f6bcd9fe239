"""How silences are asked for: all that is wrong is told, each with its place."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.matcher import parse_matchers
from o11y.alerting.silence import Silence
from o11y.alerting.silence_request import BadSilence, asked
from tests.builders import NOW

GOOD: dict[str, Any] = {"matchers": ['provider="openai"', "severity=page"], "duration": "2h", "comment": "deploy"}


def ask(value: object) -> Silence:
    return asked(value, silence_id="s-9", author="ann", now=NOW)


def problems(value: object) -> dict[tuple[str | int, ...], str]:
    with pytest.raises(BadSilence) as refused:
        ask(value)
    return {one.path: one.message for one in refused.value.problems}


def test_it_is_asked_for_with_texts_or_objects_and_a_duration_or_an_end() -> None:
    one = ask(GOOD)
    assert (one.silence_id, one.author, one.comment) == ("s-9", "ann", "deploy")
    assert one.matchers == parse_matchers('provider="openai",severity=page')
    assert (one.starts_at, one.ends_at, one.created_at) == (NOW, NOW + timedelta(hours=2), NOW)
    objects = [{"label": m.label.value, "operator": m.operator.value, "value": m.value} for m in one.matchers]
    until = {"matchers": objects, "endsAt": "2026-11-21T15:00:00+01:00", "comment": "deploy"}
    assert ask(until) == one


def test_a_start_to_come_is_kept_and_one_that_has_passed_is_now() -> None:
    later = ask({**GOOD, "startsAt": "2026-11-21T14:00:00Z"})
    assert (later.starts_at, later.ends_at) == (NOW + timedelta(hours=2), NOW + timedelta(hours=4))
    assert ask({**GOOD, "startsAt": "2026-11-21T02:00:00Z"}).starts_at == NOW


def test_author_and_incident_may_be_given() -> None:
    one = ask({**GOOD, "author": " bob ", "incidentId": "i-1"})
    assert (one.author, one.incident_id) == ("bob", "i-1")


def test_times_are_whole_seconds() -> None:
    one = asked(GOOD, silence_id="s", author="ann", now=NOW + timedelta(microseconds=999_999))
    assert one.starts_at == one.created_at == NOW


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"matchers": "client=a"}, ("matchers",), "must be a list"),
        ({"matchers": []}, ("matchers",), "from 1 to 20"),
        ({"matchers": ["client=a"] * 21}, ("matchers",), "from 1 to 20"),
        ({"matchers": ["client=a", "modell=b"]}, ("matchers", 1), "did you mean model"),
        ({"matchers": [5]}, ("matchers", 0), "must be text, or an object"),
        ({"matchers": [{"label": "client"}]}, ("matchers", 0), "must be text, or an object"),
        ({"matchers": ['client=~".*"']}, ("matchers",), "must not match the empty text"),
        ({"duration": "2 hours"}, ("duration",), "such as 30m, 2h or 7d"),
        ({"duration": 7200}, ("duration",), "such as 30m, 2h or 7d"),
        ({"duration": "0m"}, ("duration",), "end after it starts"),
        ({"duration": "401d"}, ("duration",), "400 days"),
        ({"duration": "999999999d"}, ("duration",), "400 days"),
        ({"endsAt": "2026-11-21T15:00:00Z"}, ("endsAt",), "one of the two"),
        ({"startsAt": "2026-11-21"}, ("startsAt",), "RFC 3339"),
        ({"startsAt": "0001-01-01T00:00:00+23:00"}, ("startsAt",), "RFC 3339"),
        ({"startsAt": 5}, ("startsAt",), "RFC 3339"),
        ({"startsAt": "9999-12-31T23:59:59Z"}, ("startsAt",), "400 days ahead"),
        ({"comment": ""}, ("comment",), "from 1 to 1,000"),
        ({"comment": 5}, ("comment",), "must be text"),
        ({"author": "x" * 101}, ("author",), "from 1 to 100"),
        ({"author": None}, ("author",), "must be text"),
        ({"incidentId": ""}, ("incidentId",), "from 1 to 64"),
        ({"endAt": "x"}, ("endAt",), "is not a field"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes: dict[str, Any], path: tuple[str | int, ...], words: str) -> None:
    found = problems({**GOOD, **changes})
    assert list(found) == [path]
    assert words in found[path]


def test_an_end_that_has_passed_is_refused() -> None:
    gone = {**{name: value for name, value in GOOD.items() if name != "duration"}, "endsAt": "2026-11-21T11:00:00Z"}
    assert "end after it starts" in problems(gone)["endsAt",]


def test_everything_wrong_is_told_at_once() -> None:
    assert problems({"matchers": ["x"]}).keys() == {("matchers", 0), ("endsAt",), ("comment",)}
    assert problems({}).keys() == {("matchers",), ("endsAt",), ("comment",)}
    assert ("",) not in problems([])
    assert problems([])[()] == "must be a JSON object"


def test_in_words_a_problem_is_named_by_its_field() -> None:
    with pytest.raises(BadSilence, match=r"^'?x'? is not a matcher .*; comment: must be text$"):
        ask({**GOOD, "matchers": ["x"], "comment": 5})


@pytest.mark.parametrize("value", [None, 5, "text", [], {"a": {"b": []}}])
def test_any_json_is_a_silence_or_refused(value: object) -> None:
    assert problems(value)


ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=6,
)
FIELDS = {
    "matchers": st.one_of(ANY, st.lists(st.sampled_from(["client=a", 'model=~"("', "=", {"label": "client"}]))),
    "startsAt": st.one_of(ANY, st.sampled_from(["2026-11-21T12:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01"])),
    "endsAt": st.one_of(ANY, st.sampled_from(["2026-11-22T12:00:00Z", "9999-12-31T23:59:59-23:59"])),
    "duration": st.one_of(ANY, st.sampled_from(["1h", "999999999d", "0s"])),
    "comment": st.one_of(ANY, st.just("deploy")),
    "author": ANY,
    "incidentId": ANY,
}


@given(st.one_of(ANY, st.fixed_dictionaries({}, optional=FIELDS)))
def test_whatever_is_sent_is_a_silence_or_refused_in_words(value: object) -> None:
    with suppress(BadSilence):
        assert ask(value).starts_at >= NOW
