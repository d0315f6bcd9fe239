"""Who may post and who may administer, as text: one shape each, and errors without a secret."""

import pytest

from o11y.credentials import parse_admin_tokens, parse_client_secrets

SECRET = "hunter2-hunter2-hunter2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[" * 100_000,
        "[]",
        "{}",
        "null",
        '"secret"',
        '{"a": []}',
        '{"a": ""}',
        '{"a": [" "]}',
        '{"a": [1]}',
        '{"a": {"b": "c"}}',
        '{"a": null}',
        '{" ": ["s"]}',
        '{"a": ["s"], "b": ["s"]}',
        '{"a": ["s"], "b": [" s "]}',
    ],
)
def test_other_shapes_of_client_secrets_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="accepted: JSON like"):
        parse_client_secrets(text)


def test_a_client_may_have_two_secrets_during_a_rotation() -> None:
    assert parse_client_secrets('{"a": ["old", "new"], "b": "one"}') == {"a": ("old", "new"), "b": ("one",)}
    assert parse_client_secrets('{"a": ["same", "same"]}') == {"a": ("same", "same")}


def test_admin_tokens_have_a_name_and_a_role() -> None:
    ann, b = '{"token": " a-first-long-token ", "role": "editor"}', '{"token": "another-long-token", "role": "viewer"}'
    found = parse_admin_tokens(f'{{"ann": {ann}, "b": {b}}}')
    assert {name: (admin.token.get_secret_value(), admin.role) for name, admin in found.items()} == {
        "ann": ("a-first-long-token", "editor"),
        "b": ("another-long-token", "viewer"),
    }
    assert "a-first-long-token" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[" * 100_000,
        "[]",
        "{}",
        f'{{"ann": "{SECRET}"}}',
        f'{{"ann": {{"token": "{SECRET}"}}}}',
        f'{{"ann": {{"token": "{SECRET}", "role": "owner"}}}}',
        f'{{"ann": {{"token": "{SECRET}", "role": ["editor"]}}}}',
        f'{{"ann": {{"token": ["{SECRET}"], "role": "editor"}}}}',
        f'{{"ann": {{"token": "{SECRET}", "role": "editor", "more": 1}}}}',
        '{"ann": {"token": " ", "role": "editor"}}',
        '{"ann": {"token": "15-characters..", "role": "editor"}}',
        f'{{" ": {{"token": "{SECRET}", "role": "editor"}}}}',
        f'{{"a": {{"token": "{SECRET}", "role": "editor"}}, "b": {{"token": " {SECRET}", "role": "viewer"}}}}',
    ],
)
def test_other_shapes_of_admin_tokens_are_refused_without_the_token(text: str) -> None:
    with pytest.raises(ValueError, match="accepted: JSON like") as refused:
        parse_admin_tokens(text)
    assert SECRET not in str(refused.value)
