"""Nothing from outside pings, links or formats."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.adapters.slack.mrkdwn import code, cut, escape, link, size, span, web_address
from tests.slack_limits import _text_problems

HOSTILE = st.text(alphabet=st.sampled_from("&<>`*_~!@|\n\u202e\u2068אa😀;#"), max_size=80)


def test_the_three_characters_are_escaped_once() -> None:
    assert escape("<!channel> & &amp;") == "&lt;!channel&gt; &amp; &amp;amp;"


def test_a_name_is_a_code_span_that_it_cannot_leave() -> None:
    assert code("*a* `b` _c_") == "`*a* 'b' _c_`"


def test_an_entity_is_never_cut_in_two() -> None:
    assert cut(escape("a<b"), 5) == "a…"


def test_an_isolate_that_is_cut_open_is_closed_again() -> None:
    shortened = cut("\u2068" + "א" * 20 + "\u2069", 10)
    assert shortened.endswith("…\u2069")
    assert size(shortened) <= 10


@given(HOSTILE, st.integers(min_value=10, max_value=60))
def test_whatever_the_name_its_code_span_is_sound_and_within_its_limit(name: str, limit: int) -> None:
    span = code(name, limit=limit)
    assert list(_text_problems("section", span, limit)) == []
    assert span.count("\u2068") == span.count("\u2069")


def test_a_link_is_encoded_so_that_its_label_stays_its_own() -> None:
    assert link("https://wiki.example/a b|c>?x=1&y=é", "Runbook") == (
        "<https://wiki.example/a%20b%7Cc%3E?x=1&amp;y=%C3%A9|Runbook>"
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "runbooks/errors.md", "https://wiki.example/" + "x" * 2_000])
def test_what_is_no_web_address_is_shown_and_not_linked(url: str) -> None:
    shown = link(url, "Runbook")
    assert shown.startswith("Runbook: `")
    assert len(shown) < 300


def test_what_was_made_visible_before_is_not_spelled_out_again() -> None:
    assert span("\u2068מודל\u2069") == "`\u2068מודל\u2069`"


def test_an_address_of_a_button_is_encoded_and_not_escaped() -> None:
    assert web_address("https://wiki.example/a b?x=1&y=2", limit=3_000) == "https://wiki.example/a%20b?x=1&y=2"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "https://wiki.example/" + "x" * 3_000])
def test_a_button_opens_web_addresses_alone(url: str) -> None:
    assert web_address(url, limit=3_000) is None
