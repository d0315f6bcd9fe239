"""Matchers read as Alertmanager reads them, and slips are told in words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.matcher import BadMatcher, Label, Matcher, Operator, matcher, parse_matcher, parse_matchers

LABELS = {"severity": "page", "client": "web", "provider": "openai", "model": "openai/gpt-5", "scope": "model"}


@pytest.mark.parametrize(
    ("text", "label", "operator", "value"),
    [
        ('client="web"', Label.CLIENT, Operator.EQUAL, "web"),
        ("client=web", Label.CLIENT, Operator.EQUAL, "web"),
        (' client = "web" ', Label.CLIENT, Operator.EQUAL, "web"),
        ("client=", Label.CLIENT, Operator.EQUAL, ""),
        ('client=""', Label.CLIENT, Operator.EQUAL, ""),
        ("severity!=page", Label.SEVERITY, Operator.NOT_EQUAL, "page"),
        ('model=~"gpt-.*|o3"', Label.MODEL, Operator.MATCHES, "gpt-.*|o3"),
        ("provider!~open.*", Label.PROVIDER, Operator.MATCHES_NOT, "open.*"),
        ('client="a \\"b\\" \\\\ \\n"', Label.CLIENT, Operator.EQUAL, 'a "b" \\ \n'),
        (r'model=~"gpt-4\.1"', Label.MODEL, Operator.MATCHES, r"gpt-4\.1"),
        (r"model=~gpt-4\.1", Label.MODEL, Operator.MATCHES, r"gpt-4\.1"),
        ('client="=x"', Label.CLIENT, Operator.EQUAL, "=x"),
        ("client=two words", Label.CLIENT, Operator.EQUAL, "two words"),
    ],
)
def test_a_matcher_is_read_with_quotes_or_without(text: str, label: Label, operator: Operator, value: str) -> None:
    assert parse_matcher(text) == Matcher(label, operator, value)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('client="web"', True),
        ('client="we"', False),
        ('client!="web"', False),
        ('client!="app"', True),
        ('provider=~"open"', False),
        ('provider=~"open.*"', True),
        ('provider!~"open"', True),
        ('provider!~"open.*"', False),
        ('objective=""', True),
        ('objective!=""', False),
        ('objective=~".*"', True),
        ('objective=~".+"', False),
        ('objective!="p90"', True),
        ('model=~"OpenAI/GPT.*"', True),
    ],
)
def test_an_absent_label_is_empty_and_a_regular_expression_asks_for_the_whole_value(text: str, matches: bool) -> None:
    assert parse_matcher(text).matches(LABELS) is matches


def test_a_model_is_written_as_it_is_measured() -> None:
    assert parse_matcher("model=Vendor/Model:free").value == "vendor/model"


def test_several_are_separated_by_commas_in_braces_or_not() -> None:
    wanted = (parse_matcher('client="a,b"'), parse_matcher("severity=page"))
    for text in (
        'client="a,b",severity=page',
        '{client="a,b", severity="page"}',
        ' { client="a,b" , severity=page, } ',
    ):
        assert parse_matchers(text) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a matcher such as"),
        ("{}", "is not a matcher such as"),
        ("openai", "is not a matcher such as"),
        ("=page", "is not a matcher such as"),
        ("client=a,,severity=page", "is not a matcher such as"),
        ("{client=a", "is not closed"),
        ("modell=gpt", "did you mean model"),
        ("alertname=x", "those are severity, objective"),
        ('client="web', "not closed at its end"),
        ('client="web\\"', "not closed at its end"),
        ('client=we"b', 'a " inside a value is written'),
        ('client="we"b"', 'a " inside a value is written'),
        ("client==web", "written in quotes"),
        ("severity=critical", "none of page, ticket"),
        ("scope=region", "none of model, provider, client, all"),
        ("indicator=errors", "none of error_rate"),
        ("model=~(gpt", r"model: the regular expression \(gpt: this \( is not closed"),
        ("client=" + "x" * 1025, "at most 1,024 characters"),
        ('client="\ud800"', "not valid Unicode"),
        ("x" * 40_000, "at most 32,768"),
    ],
)
def test_a_slip_is_told_with_what_is_accepted(text: str, words: str) -> None:
    with pytest.raises(BadMatcher, match=words):
        parse_matchers(text)


def test_an_operator_that_is_none_is_named() -> None:
    with pytest.raises(BadMatcher, match="those are = != =~ !~"):
        matcher("client", "==", "web")


@given(st.sampled_from([Label.CLIENT, Label.PROVIDER, Label.OBJECTIVE]), st.text(max_size=40).filter(str.isprintable))
def test_what_is_written_is_read_back(label: Label, value: str) -> None:
    one = Matcher(label, Operator.EQUAL, value)
    assert parse_matchers(str(one)) == (one,)
    assert parse_matchers(f"{{{one},{one}}}") == (one, one)


@given(st.text(max_size=60))
def test_any_text_is_a_matcher_or_refused_in_words(text: str) -> None:
    with suppress(BadMatcher):
        assert parse_matchers(text)
