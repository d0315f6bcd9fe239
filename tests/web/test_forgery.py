import pytest

from o11y.web.forgery import form_token, is_foreign, is_token

KEY, OTHER = b"k" * 32, b"l" * 32


def test_a_form_token_is_of_one_session_alone() -> None:
    token = form_token(KEY, "mark")
    assert is_token(token, KEY, "mark")
    assert not is_token(token, KEY, "another")
    assert not is_token(token, OTHER, "mark")
    assert not is_token("", KEY, "mark")
    assert not is_token("é" * 64, KEY, "mark")


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://anything"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "", "origin": "http://o11y.test"}, True),
        ({"origin": "http://o11y.test"}, False),
        ({"origin": "https://o11y.test"}, False),
        ({"origin": "http://O11Y.test"}, False),
        ({"origin": "http://o11y.test:81"}, True),
        ({"origin": "http://evil.test"}, True),
        ({"origin": "http://o11y.test.evil.test"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "http://[bad"}, True),
        ({"origin": "https://people.test"}, False),
    ],
)
def test_a_browser_that_says_it_comes_from_elsewhere_is_believed(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign({"host": "o11y.test", **headers}, public_url="https://people.test/o11y") is foreign


def test_without_a_host_no_origin_is_ours() -> None:
    assert is_foreign({"origin": "null"}, public_url=None)
    assert is_foreign({"origin": "http://"}, public_url=None)
