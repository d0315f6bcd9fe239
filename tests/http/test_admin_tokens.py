import hmac
from hashlib import sha256

import pytest

from o11y.http.admin_tokens import Admin, AdminTokens, Role

TOKENS = {"ann": ("secret-of-ann", "editor"), "board": ("schlüssel", "viewer"), "carl": ("🗝️", "editor")}


@pytest.mark.parametrize(
    ("token", "admin"),
    [
        ("secret-of-ann", Admin("ann", Role.EDITOR)),
        (" secret-of-ann\t", Admin("ann", Role.EDITOR)),
        ("schlüssel", Admin("board", Role.VIEWER)),
        ("🗝️", Admin("carl", Role.EDITOR)),
        ("", None),
        ("ann", None),
        ("secret-of-an", None),
        ("SECRET-OF-ANN", None),
        ("x" * 100_000, None),
    ],
)
def test_a_token_names_its_admin_and_what_they_may(token: str, admin: Admin | None) -> None:
    assert AdminTokens(TOKENS).admin_of(token.encode()) == admin


def test_bytes_that_are_no_text_name_nobody() -> None:
    assert AdminTokens(TOKENS).admin_of(b"\xff\x00") is None


def test_an_editor_may_all_and_a_viewer_may_only_look() -> None:
    assert [Role.EDITOR.may(Role.EDITOR), Role.EDITOR.may(Role.VIEWER)] == [True, True]
    assert [Role.VIEWER.may(Role.EDITOR), Role.VIEWER.may(Role.VIEWER)] == [False, True]


@pytest.mark.parametrize("token", ["secret-of-ann", "🗝️", "nobody's", "", "x" * 100_000])
def test_every_token_is_compared_whatever_matches_and_as_digests_of_one_length(token: str) -> None:
    pairs: list[tuple[bytes, bytes]] = []

    def compare(known: bytes, given: bytes) -> bool:
        pairs.append((known, given))
        return hmac.compare_digest(known, given)

    AdminTokens(TOKENS, compare=compare).admin_of(token.encode())
    assert len(pairs) == len(TOKENS)
    assert {len(value) for pair in pairs for value in pair} == {32}
    assert len({given for _, given in pairs}) == 1


def test_the_comparison_is_the_constant_time_one_unless_a_test_counts() -> None:
    assert AdminTokens.__init__.__kwdefaults__ == {"compare": hmac.compare_digest}


def test_nothing_shows_a_token() -> None:
    assert repr(AdminTokens(TOKENS)) == "AdminTokens(of ann, board, carl)"


def test_new_tokens_replace_the_old_ones_and_bad_ones_change_nothing() -> None:
    tokens = AdminTokens({"ann": ("old", "editor")})
    tokens.replace({"ann": ("new", "viewer")})
    assert [tokens.admin_of(token) for token in (b"old", b"new")] == [None, Admin("ann", Role.VIEWER)]
    for bad in ({"ann": ("", "editor")}, {"ann": ("x", "owner")}, {"a": ("x", "viewer"), "b": ("x", "viewer")}):
        with pytest.raises(ValueError, match=r"empty|owner|share"):
            tokens.replace(bad)
    assert tokens.admin_of(b"new") == Admin("ann", Role.VIEWER)


def test_an_admin_is_found_by_name_with_the_digest_of_the_token_and_without_showing_it() -> None:
    known = AdminTokens(TOKENS).find("ann")
    assert known is not None
    assert (known.admin, known.digest) == (Admin("ann", Role.EDITOR), sha256(b"secret-of-ann").digest())
    assert repr(known.digest) not in repr(known)
    assert AdminTokens(TOKENS).find("eve") is None


def test_the_digest_of_all_tokens_is_the_same_everywhere_and_another_after_a_change() -> None:
    tokens = AdminTokens(TOKENS)
    assert tokens.digest == AdminTokens(dict(reversed(TOKENS.items()))).digest
    before = tokens.digest
    tokens.replace({**TOKENS, "ann": ("another", "editor")})
    assert tokens.digest != before
