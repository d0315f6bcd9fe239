"""Sessions: what a cookie of ours says, and when it says nothing any more."""

from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest

from o11y.http.admin_tokens import Admin, AdminTokens, Role
from o11y.web.session import VALID_FOR, Session, Sessions
from o11y.web.signing import claimed, sign, verified
from tests.web.dashboard_house import NOW, TOKENS

ANN = Admin("ann", Role.EDITOR)


def begun(tokens: AdminTokens) -> tuple[Session, str]:
    sessions = Sessions(tokens)
    session = sessions.begin(ANN, NOW)
    return session, sessions.text(session)


def test_a_session_is_read_back_by_every_replica_with_the_same_tokens() -> None:
    session, text = begun(AdminTokens(TOKENS))
    assert Sessions(AdminTokens(TOKENS)).read(text, NOW) == session
    assert session.admin == ANN


def test_it_lasts_twelve_hours_and_is_half_over_after_six() -> None:
    sessions = Sessions(AdminTokens(TOKENS))
    session = sessions.begin(ANN, NOW)
    text = sessions.text(session)
    assert sessions.read(text, NOW + VALID_FOR - timedelta(seconds=1)) == session
    assert sessions.read(text, NOW + VALID_FOR) is None
    assert not session.half_over(NOW + timedelta(hours=5, minutes=59))
    assert session.half_over(NOW + timedelta(hours=6))


def test_a_renewed_one_is_the_same_to_its_forms() -> None:
    sessions = Sessions(AdminTokens(TOKENS))
    session = sessions.begin(ANN, NOW)
    later = sessions.renewed(session, NOW + timedelta(hours=7))
    assert (later.mark, later.key) == (session.mark, session.key)
    assert sessions.read(sessions.text(later), NOW + timedelta(hours=18)) == later


def test_one_from_ahead_of_time_is_taken_from_a_clock_a_minute_off_and_no_more() -> None:
    sessions = Sessions(AdminTokens(TOKENS))
    text = sessions.text(sessions.begin(ANN, NOW))
    assert sessions.read(text, NOW - timedelta(minutes=1)) is not None
    assert sessions.read(text, NOW - timedelta(seconds=61)) is None


def test_a_token_that_is_rotated_or_removed_ends_its_sessions_and_no_others() -> None:
    tokens = AdminTokens(TOKENS)
    sessions = Sessions(tokens)
    ann = sessions.text(sessions.begin(ANN, NOW))
    board = sessions.text(sessions.begin(Admin("board", Role.VIEWER), NOW))
    tokens.replace({**TOKENS, "ann": ("another-token", "editor")})
    assert sessions.read(ann, NOW) is None
    assert sessions.read(board, NOW) is not None
    tokens.replace({"ann": TOKENS["ann"]})
    assert sessions.read(board, NOW) is None


def test_a_role_that_changes_is_that_of_the_session_at_once() -> None:
    tokens = AdminTokens(TOKENS)
    sessions = Sessions(tokens)
    text = sessions.text(sessions.begin(ANN, NOW))
    tokens.replace({**TOKENS, "ann": (TOKENS["ann"][0], "viewer")})
    found = sessions.read(text, NOW)
    assert found is not None
    assert found.admin.role is Role.VIEWER


def test_nobody_without_a_token_begins_one() -> None:
    with pytest.raises(ValueError, match="'eve' has no token"):
        Sessions(AdminTokens(TOKENS)).begin(Admin("eve", Role.EDITOR), NOW)


def test_a_session_does_not_show_its_key() -> None:
    session, _ = begun(AdminTokens(TOKENS))
    assert repr(session.key) not in repr(session)
    assert "digest" not in repr(AdminTokens(TOKENS).find("ann"))


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_cookie_with_one_character_changed_is_nobodys(place: int) -> None:
    tokens = AdminTokens(TOKENS)
    _, text = begun(tokens)
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    assert Sessions(tokens).read(changed, NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a.b",
        "x" * 100_000,
        "é.ü",
        urlsafe_b64encode(b'["ann",1,"m"]').decode(),
        urlsafe_b64encode(b'["ann",1,"m"]').decode() + ".",
        urlsafe_b64encode(b"[" * 2_000).decode() + ".x",
        urlsafe_b64encode(b'{"ann":1}').decode() + ".x",
        urlsafe_b64encode(b"\xff\xfe").decode() + ".x",
    ],
)
def test_what_we_did_not_sign_is_nobodys(text: str) -> None:
    assert Sessions(AdminTokens(TOKENS)).read(text, NOW) is None


def test_a_text_signed_for_one_purpose_or_with_another_key_is_good_for_no_other() -> None:
    text = sign(["ann"], key=b"k" * 32, purpose="session")
    assert verified(text, key=b"k" * 32, purpose="session") == ["ann"]
    assert verified(text, key=b"k" * 32, purpose="said") is None
    assert verified(text, key=b"l" * 32, purpose="session") is None
    assert claimed(text) == ["ann"]
