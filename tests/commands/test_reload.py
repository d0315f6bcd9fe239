"""New secrets, webhooks and certificates taken by the parts that use them: all, or none."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from o11y.adapters.log_notifier import LogNotifier
from o11y.adapters.slack.webhook import SlackWebhook
from o11y.commands.reload import Live, reload_when
from o11y.settings import Settings, SettingsError, first_secrets, load_settings
from o11y.slo.windows import Severity
from tests.certificate import made

HOOK = "https://hooks.example.com/one"


def settings(folder: Path, *, secrets: str | None = '{"gateway": ["old"]}', **given: object) -> Settings:
    return load_settings(data_dir=folder, client_secrets=secrets or {}, **given)


def live(of: Settings) -> Live:
    return Live.of(of, {"gateway": ("old",)})


def knows(parts: Live, *secrets: bytes) -> list[bool]:
    return [parts.secrets.client_of(secret) is not None for secret in secrets]


def test_new_secrets_are_taken_by_the_same_object_that_the_door_holds(tmp_path: Path) -> None:
    parts = live(settings(tmp_path))
    held = parts.secrets
    parts.take(settings(tmp_path, secrets='{"gateway": ["old", "new"]}'))
    assert parts.secrets is held
    assert knows(parts, b"old", b"new") == [True, True]
    parts.take(settings(tmp_path, secrets='{"gateway": ["new"]}'))
    assert knows(parts, b"old", b"new") == [False, True]


def test_without_secrets_in_the_settings_those_of_the_data_folder_are_read_again(tmp_path: Path) -> None:
    parts = Live.of(settings(tmp_path, secrets=None), first_secrets(tmp_path)[0])
    (tmp_path / "client-secrets.json").write_text('{"default": ["new"]}', encoding="utf-8")
    parts.take(settings(tmp_path, secrets=None))
    assert knows(parts, b"new") == [True]


def test_secrets_of_the_data_folder_that_went_away_are_not_made_anew(tmp_path: Path) -> None:
    made_then, _ = first_secrets(tmp_path)
    parts = Live.of(settings(tmp_path, secrets=None), made_then)
    (tmp_path / "client-secrets.json").unlink()
    with pytest.raises(SettingsError, match=r"client-secrets\.json cannot be read"):
        parts.take(settings(tmp_path, secrets=None))
    assert knows(parts, made_then["default"][0].encode()) == [True]
    assert not (tmp_path / "client-secrets.json").exists()


def test_a_new_webhook_is_taken_and_one_that_stays_keeps_its_pace(tmp_path: Path) -> None:
    parts = live(settings(tmp_path, slack_page_webhook_url=HOOK))
    mapping, page = parts.notifiers, parts.notifiers[Severity.PAGE]
    parts.take(settings(tmp_path, slack_page_webhook_url=HOOK))
    assert parts.notifiers[Severity.PAGE] is page
    parts.take(settings(tmp_path, slack_page_webhook_url="https://hooks.example.com/two"))
    assert parts.notifiers is mapping, "who delivers holds this mapping"
    assert parts.notifiers[Severity.PAGE] is not page
    assert isinstance(parts.notifiers[Severity.PAGE], SlackWebhook)
    assert isinstance(parts.notifiers[Severity.TICKET], LogNotifier)


def test_a_certificate_that_cannot_be_used_keeps_everything_as_it_was(tmp_path: Path) -> None:
    pair = made(tmp_path)
    files = {"tls_cert_file": pair.certificate, "tls_key_file": pair.key}
    parts = live(settings(tmp_path, **files))
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

    parts = live(settings(tmp_path))
    with caplog.at_level(logging.INFO, logger="o11y"):
        reloaded(parts, refuse, break_down, lambda: settings(tmp_path, secrets='{"gateway": ["new"]}'))
    assert knows(parts, b"old", b"new") == [False, True]
    refused, broken, taken = caplog.records[:3]
    assert "/run/secrets/x.json" in str(refused.__dict__["error"])
    assert (refused.levelname, broken.levelname, taken.levelname) == ("ERROR", "ERROR", "INFO")
