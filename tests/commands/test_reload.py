"""New secrets, webhooks and certificates taken by the parts that use them: all, or none."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from o11y.adapters.log_notifier import LogNotifier
from o11y.adapters.slack.conversation import SlackConversation
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.commands.reload import Live, reload_when
from o11y.kept_secrets import client_secrets, first_admin_tokens, first_client_secrets
from o11y.settings import Settings, SettingsError, load_settings
from o11y.slo.windows import Severity
from tests.certificate import made

HOOK = "https://hooks.example.com/one"


TOKENS = '{"ann": {"token": "%s", "role": "editor"}}'


def settings(
    folder: Path,
    *,
    secrets: str | None = '{"gateway": ["old"]}',
    tokens: str | None = TOKENS % "an-old-token-of-ann",
    **given: object,
) -> Settings:
    return load_settings(data_dir=folder, client_secrets=secrets or {}, admin_tokens=tokens or {}, **given)


def knows(parts: Live, *secrets: bytes) -> list[bool]:
    return [parts.secrets.client_of(secret) is not None for secret in secrets]


def test_new_secrets_are_taken_by_the_same_object_that_the_door_holds(tmp_path: Path) -> None:
    parts = Live.of(settings(tmp_path))
    held = parts.secrets
    parts.take(settings(tmp_path, secrets='{"gateway": ["old", "new"]}'))
    assert parts.secrets is held
    assert knows(parts, b"old", b"new") == [True, True]
    parts.take(settings(tmp_path, secrets='{"gateway": ["new"]}'))
    assert knows(parts, b"old", b"new") == [False, True]


def test_without_secrets_in_the_settings_those_of_the_data_folder_are_read_again(tmp_path: Path) -> None:
    assert first_client_secrets(settings(tmp_path, secrets=None))
    parts = Live.of(settings(tmp_path, secrets=None))
    (tmp_path / "client-secrets.json").write_text('{"default": ["new"]}', encoding="utf-8")
    parts.take(settings(tmp_path, secrets=None))
    assert knows(parts, b"new") == [True]


def test_secrets_of_the_data_folder_that_went_away_are_not_made_anew(tmp_path: Path) -> None:
    assert first_client_secrets(settings(tmp_path, secrets=None))
    made_then = client_secrets(settings(tmp_path, secrets=None))
    parts = Live.of(settings(tmp_path, secrets=None))
    (tmp_path / "client-secrets.json").unlink()
    with pytest.raises(SettingsError, match=r"client-secrets\.json cannot be read"):
        parts.take(settings(tmp_path, secrets=None))
    assert knows(parts, made_then["default"][0].encode()) == [True]
    assert not (tmp_path / "client-secrets.json").exists()


def test_new_admin_tokens_are_taken_by_the_same_object_that_the_doors_hold(tmp_path: Path) -> None:
    parts = Live.of(settings(tmp_path))
    held = parts.admins
    parts.take(settings(tmp_path, tokens=TOKENS % "a-new-token-of-ann"))
    assert parts.admins is held
    assert held.admin_of(b"an-old-token-of-ann") is None
    assert held.admin_of(b"a-new-token-of-ann") is not None


def test_admin_tokens_of_the_data_folder_that_cannot_be_read_keep_everything_as_it_was(tmp_path: Path) -> None:
    assert first_admin_tokens(settings(tmp_path, tokens=None))
    parts = Live.of(settings(tmp_path, tokens=None))
    (tmp_path / "admin-tokens.json").write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"admin-tokens\.json: accepted: JSON like"):
        parts.take(settings(tmp_path, secrets='{"gateway": ["new"]}', tokens=None))
    assert knows(parts, b"old", b"new") == [True, False]


def test_a_new_webhook_is_taken_and_one_that_stays_keeps_its_pace(tmp_path: Path) -> None:
    parts = Live.of(settings(tmp_path, slack_page_webhook_url=HOOK))
    mapping, page = parts.notifiers, parts.notifiers[Severity.PAGE]
    parts.take(settings(tmp_path, slack_page_webhook_url=HOOK))
    assert parts.notifiers[Severity.PAGE] is page
    parts.take(settings(tmp_path, slack_page_webhook_url="https://hooks.example.com/two"))
    assert parts.notifiers is mapping, "who delivers holds this mapping"
    assert parts.notifiers[Severity.PAGE] is not page
    assert isinstance(parts.notifiers[Severity.PAGE], SlackWebhook)
    assert isinstance(parts.notifiers[Severity.TICKET], LogNotifier)


def test_a_bot_is_taken_in_place_of_a_webhook_with_the_secret_that_its_buttons_are_signed_by(tmp_path: Path) -> None:
    parts = Live.of(settings(tmp_path, slack_page_webhook_url=HOOK))
    held = parts.slack
    assert not held.expected
    bot = {"slack_bot_token": "xoxb-111-222-abcdefgh", "slack_page_channel": "#pages"}
    parts.take(settings(tmp_path, **bot))
    silent = parts.notifiers[Severity.PAGE]
    parts.take(settings(tmp_path, **bot, slack_signing_secret="8f742231b10e8888abcd99yyyzzz85a5"))
    assert isinstance(parts.notifiers[Severity.PAGE], SlackConversation)
    assert parts.notifiers[Severity.PAGE] is not silent, "its messages have buttons now"
    assert parts.slack is held, "the door holds it"
    assert held.expected
    pressed = parts.notifiers[Severity.PAGE]
    parts.take(settings(tmp_path, **bot, slack_signing_secret="another1b10e8888abcd99yyyzzz85a5"))
    assert parts.notifiers[Severity.PAGE] is pressed, "and keeps its pace, whatever it is that signs"


def test_a_certificate_that_cannot_be_used_keeps_everything_as_it_was(tmp_path: Path) -> None:
    pair = made(tmp_path)
    files = {"tls_cert_file": pair.certificate, "tls_key_file": pair.key}
    parts = Live.of(settings(tmp_path, **files))
    assert isinstance(parts.tls, ssl.SSLContext)
    pair.key.write_text("", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"O11Y_TLS_CERT_FILE, O11Y_TLS_KEY_FILE: .*one\.key"):
        parts.take(settings(tmp_path, secrets='{"gateway": ["new"]}', slack_page_webhook_url=HOOK, **files))
    assert knows(parts, b"old", b"new") == [True, False]
    assert isinstance(parts.notifiers[Severity.PAGE], LogNotifier)


def reloaded(parts: Live, *answers: Callable[[], Settings]) -> None:
    """One reading after the other. It is asked once more at the end: what comes before that is done then."""

    async def run() -> None:
        asked, over, remaining = asyncio.Event(), asyncio.Event(), list(answers)
        loop = asyncio.get_running_loop()

        def reread() -> Settings:
            if not remaining:
                loop.call_soon_threadsafe(over.set)
                raise SettingsError("nothing more to read")
            loop.call_soon_threadsafe(asked.set)
            return remaining.pop(0)()

        asked.set()
        reloading = asyncio.create_task(reload_when(asked, parts, reread=reread))
        await over.wait()
        reloading.cancel()

    asyncio.run(run())


def test_a_file_that_cannot_be_used_is_logged_by_name_and_the_next_try_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> Settings:
        raise SettingsError("O11Y_CLIENT_SECRETS_FILE: /run/secrets/x.json: accepted: JSON")

    def break_down() -> Settings:
        raise MemoryError

    parts = Live.of(settings(tmp_path))
    with caplog.at_level(logging.INFO, logger="o11y"):
        reloaded(parts, refuse, break_down, lambda: settings(tmp_path, secrets='{"gateway": ["new"]}'))
    assert knows(parts, b"old", b"new") == [False, True]
    refused, broken, taken = caplog.records[:3]
    assert "/run/secrets/x.json" in str(refused.__dict__["error"])
    assert (refused.levelname, broken.levelname, taken.levelname) == ("ERROR", "ERROR", "INFO")
