"""Paths: what leads to a page of ours, and what a path names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from o11y.slo.dimension import Dimension
from o11y.web.paths import PathPattern, dimension_in, dimension_path, own_path


@pytest.mark.parametrize("path", ["/", "/alerts", "/d/a/b/c%2Fd?range=6h&x=%20", "/a#b", "/a//b", "/?next=//evil"])
def test_a_path_of_ours_is_taken_as_it_is(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alerts",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "/a\\b",
        "\\\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "\t//evil.test",
        " /alerts",
        "/a b",
        "/a\r\nSet-Cookie: x=y",
        "/\x00",
        "/é",
        "https://evil.test/",
        "javascript:alert(1)",
        "data:text/html,x",
        "/" + "a" * 3_000,
    ],
)
def test_what_may_lead_elsewhere_or_end_a_header_is_refused(text: str) -> None:
    assert own_path(text) is None


def test_names_are_decoded_after_the_path_was_split() -> None:
    pattern = PathPattern("/d/{client}/{provider}/{model}")
    assert pattern.match("/d/kilo/open%20router/anthropic%2Fclaude%3Afree") == {
        "client": "kilo",
        "provider": "open router",
        "model": "anthropic/claude:free",
    }
    assert pattern.match("/d/a/b/c/d") is None
    assert pattern.match("/d/a/b/") is None
    assert pattern.match("/d/a/b/%FF") is None


def test_a_path_without_names_is_only_itself() -> None:
    pattern = PathPattern("/a.b")
    assert pattern.match("/a.b") == {}
    assert pattern.match("/aXb") is None
    assert pattern.match("/a.b/") is None


def test_the_paths_of_aggregates_have_stars() -> None:
    assert dimension_path(Dimension(None, "openrouter", None)) == "/d/*/openrouter/*"
    assert dimension_path(Dimension(None, None, None)) == "/d/*/*/*"
    assert dimension_path(Dimension("a", "b", "x/y:z")) == "/d/a/b/x%2Fy%3Az"


NAMES = st.one_of(st.none(), st.text(min_size=1).filter(lambda text: text.isprintable()), st.text("*./%", min_size=1))


@given(NAMES, NAMES, NAMES)
def test_the_path_of_every_dimension_leads_back_to_it(
    client: str | None, provider: str | None, model: str | None
) -> None:
    dimension = Dimension(client, provider, model)
    path = dimension_path(dimension)
    assert own_path(path) == path
    found = PathPattern("/d/{client}/{provider}/{model}").match(path)
    assert found is not None
    assert dimension_in(found) == dimension


@pytest.mark.parametrize("name", [".", "..", "...", "*", "**", "*.."])
def test_no_name_becomes_a_step_that_a_browser_would_take(name: str) -> None:
    steps = dimension_path(Dimension("a", name, "b")).split("/")
    assert not {".", "..", "%2e", "%2E"} & set(steps)
