"""Regular expressions mean what Python's ``re`` says they mean, and none of them takes long."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.pattern import Pattern, pattern
from o11y.alerting.pattern_syntax import LONGEST, BadPattern


@pytest.mark.parametrize(
    ("expression", "fits", "does_not"),
    [
        ("", [""], ["a"]),
        ("gpt-4", ["gpt-4"], ["gpt-4o", "xgpt-4", "", "gpt_4"]),
        ("gpt-.*", ["gpt-", "gpt-4o"], ["a gpt-4"]),
        ("gpt-.+", ["gpt-4o"], ["gpt-"]),
        ("a|b", ["a", "b"], ["ab", "", "|"]),
        ("a|", ["a", ""], ["b"]),
        ("(a|b)c?", ["a", "bc"], ["c", "abc"]),
        ("(?:ab)+", ["ab", "abab"], ["a", "aba"]),
        ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{2,}", ["aa", "aaaa"], ["a"]),
        ("a{1,3}b", ["ab", "aaab"], ["b", "aaaab"]),
        ("a{0}", [""], ["a"]),
        ("a{,2}", ["a{,2}"], ["a"]),
        ("x{y}", ["x{y}"], ["x"]),
        ("a*?b+?", ["b", "aabb"], ["a"]),
        (r"claude-3\.5", ["claude-3.5"], ["claude-3x5"]),
        (r"\d+-\w\s\D\W\S", ["12-_ a-b"], ["x-_ a-b"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "-x"]),
        ("[^a-c]", ["d", "-", "é"], ["a", ""]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[a-]", ["a", "-"], ["b"]),
        (r"[\d.-]+", ["4.5-1"], ["a"]),
        (r"[^\D]", ["5"], ["a"]),
        (r"[\]\\]", ["]", "\\"], ["a"]),
        ("^a$", ["a"], ["ba"]),
        ("a^b", [], ["ab", "a^b"]),
        ("(^a|b)c", ["ac", "bc"], ["c"]),
        ("a(b|$)", ["a", "ab"], ["abb"]),
        ("(?i)GPT-[a-c]", ["gpt-A", "GPT-c"], ["gpt-d"]),
        ("(?i)straße", ["STRAßE"], ["strasse"]),
        (".", ["é", "🗝", "\t"], ["\n", ""]),
        ("(?s).", ["\n"], [""]),
        (r"\x41\x{1F5DD}\.", ["A🗝."], ["A"]),
        ("(a*)*(b+)+", ["b", "aabb"], ["a"]),
        ("()*", [""], ["a"]),
    ],
)
def test_all_of_the_text_must_fit(expression: str, fits: list[str], does_not: list[str]) -> None:
    asked = Pattern(expression)
    assert [text for text in fits if not asked.matches(text)] == []
    assert [text for text in does_not if asked.matches(text)] == []


PIECES = st.recursive(
    st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\d", r"\w", "^", "$", "", "[b-c]", "1"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])).map(
            lambda part: f"(?:{part[0]}){part[1]}"
        ),
    ),
    max_leaves=8,
)


@given(PIECES, st.lists(st.text("abc1-", max_size=6), min_size=1, max_size=5))
def test_it_agrees_with_pythons_own(expression: str, texts: list[str]) -> None:
    ours, theirs = Pattern(expression), re.compile(expression.replace("$", r"\Z"), re.ASCII)
    assert [ours.matches(text) for text in texts] == [theirs.fullmatch(text) is not None for text in texts]


@given(st.one_of(st.text(max_size=30), st.text("()[]{}|*+?^$.\\-ab,0129:x", max_size=20)))
def test_any_text_is_understood_or_refused(expression: str) -> None:
    with suppress(BadPattern):
        assert Pattern(expression).matches("gpt-4o") in (True, False)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(a", r"this \( is not closed \(character 1\)"),
        ("a)", "closes nothing"),
        ("[a", "not closed"),
        ("[", "not closed"),
        ("a\\", r"a \\ at the end"),
        ("*a", "nothing to repeat"),
        ("a**", "repetition of a repetition"),
        ("a{2}{3}", "repetition of a repetition"),
        ("a*+", "repetition of a repetition"),
        ("a{3,2}", "must rise"),
        ("a{1001}", "1000 at most"),
        ("[z-a]", "to a later one"),
        (r"(a)\1", r"\\1 is not understood"),
        (r"\bgpt\b", r"\\b is not understood"),
        (r"\pL", "not understood"),
        ("(?=a)", "only"),
        ("(?<n>a)", "only"),
        ("(?P<n>a)", "only"),
        ("[[:alpha:]]", "not understood"),
        ("a" * (LONGEST + 1), "longer than 512"),
        ("(" * 60 + ")" * 60, "deeper than 50"),
        ("(a{1000}){1000}", "too large"),
        ("((((){1000}){1000}){1000}){1000}", "too much"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(expression: str, words: str) -> None:
    with pytest.raises(BadPattern, match=words):
        Pattern(expression)


@pytest.mark.parametrize(
    "expression", ["(a+)+b", "(a|a)*b", "(a|aa)+b", ".*.*.*.*.*.*b", "(.*a){20}b", "a?" * 100 + "a{100}b", "(a*)*b"]
)
def test_what_would_hang_a_backtracking_engine_costs_states_times_characters(expression: str) -> None:
    steps = 0

    class Counted(Pattern):
        def _stepped(self, states: int, point: int) -> int:
            nonlocal steps
            steps += 1
            return super()._stepped(states, point)

    asked = Counted(expression)
    assert not asked.matches("a" * 1_024)
    assert steps <= 1_024
    assert len(asked._program) <= 1_000


def test_the_same_text_is_built_once() -> None:
    assert pattern("gpt-.*") is pattern("gpt-.*")
    assert pattern("gpt-.*", ignore_case=True).matches("GPT-4")
    assert not pattern("gpt-.*").matches("GPT-4")


def test_what_it_remembers_is_bounded() -> None:
    asked = Pattern("(?s).*")
    for point in range(0x4E00, 0x4E00 + 2_000):
        assert asked.matches(chr(point))
    assert len(asked._steps) <= 512
