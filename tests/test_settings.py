"""Settings: a bad one stops the start with its name and what is accepted, and never with a secret."""

import json
import os
from pathlib import Path

import pytest

from o11y.settings import (
    SettingsError,
    load_settings,
    shipped_config,
)

SECRET = "hunter2-hunter2-hunter2"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("O11Y_")]:
        monkeypatch.delenv(name)


def refusal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return str(refused.value)


def test_with_nothing_set_everything_is_embedded_on_loopback() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8080, Path("data"))
    assert settings.embedded_clickhouse
    assert settings.embedded_redis
    assert settings.client_secrets == {}


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("O11Y_PORT", "O11Y_REDIS_URL", "O11Y_CLIENT_SECRETS", "O11Y_CLIENT_SECRETS_FILE"):
        monkeypatch.setenv(name, "")
    assert load_settings().port == 8080


BAD = [
    ("O11Y_PORT", "eighty", "integer"),
    ("O11Y_PORT", "65536", "65535"),
    ("O11Y_PORT", "tcp://10.0.0.1:8080", "enableServiceLinks"),
    ("O11Y_SERVER", "gunicorn", "'hypercorn' or 'uvicorn'"),
    ("O11Y_LOG_LEVEL", "chatty", "'debug', 'info', 'warning' or 'error'"),
    ("O11Y_PUBLIC_URL", "o11y.example.com", "http:// or https://"),
    ("O11Y_WEEKLY_REPORT", "weekly", "five fields as of cron, in UTC"),
    ("O11Y_WEEKLY_REPORT", "* * * * *", "the minute and the hour are one number each"),
    ("O11Y_CLIENT_SECRETS", SECRET, '{"my-gateway": ["secret", "next-secret"]}'),
    ("O11Y_MAX_BODY_BYTES", "1", "1024"),
    ("O11Y_MAX_BATCH_BYTES", "1", "1024"),
    ("O11Y_MAX_DIMENSIONS_PER_CLIENT", "0", "1"),
    ("O11Y_SPOOL_MAX_BYTES", "1", "1048576"),
    ("O11Y_SPOOL_MAX_AGE_S", "1", "10"),
    ("O11Y_CLICKHOUSE_URL", f"clickhouse://user:{SECRET}@host", "http:// or https://"),
    ("O11Y_CLICKHOUSE_URL", f"http://user:{SECRET}@", "http:// or https://"),
    ("O11Y_CLICKHOUSE_URL", f"http://user:{SECRET}@[bad", "http:// or https://"),
    ("O11Y_CLICKHOUSE_URL", f"http://[{SECRET}]", "http:// or https://"),
    ("O11Y_CLICKHOUSE_URL", f"http://user:{SECRET}\u2100@host", "http:// or https://"),
    ("O11Y_CLICKHOUSE_URL", f"http://user:{SECRET}@host:port", "http:// or https://"),
    ("O11Y_CLICKHOUSE_DATABASE", "a; DROP", "pattern"),
    ("O11Y_REDIS_URL", f"http://:{SECRET}@host", "redis:// or rediss:// or unix://"),
    ("O11Y_REDIS_URL", "unix://", "redis:// or rediss:// or unix://"),
    ("O11Y_INGEST_LAG_S", "301", "300"),
    ("O11Y_RECOMMENDED_MODELS_URL", "ftp://host", "http:// or https://"),
    ("O11Y_SLACK_PAGE_WEBHOOK_URL", SECRET, "http:// or https://"),
    ("O11Y_SLACK_TICKET_WEBHOOK_URL", SECRET, "http:// or https://"),
    ("O11Y_SLACK_BOT_TOKEN", SECRET, "xoxb-"),
    ("O11Y_SLACK_BOT_TOKEN", f"xoxb-{SECRET}\nX: y", "xoxb-"),
    ("O11Y_SLACK_BOT_TOKEN", f"xoxp-{SECRET}", "xoxb-"),
    ("O11Y_SLACK_SIGNING_SECRET", "short", "32 hexadecimal digits"),
    ("O11Y_SLACK_SIGNING_SECRET", f"{SECRET} {SECRET}", "32 hexadecimal digits"),
    ("O11Y_SLACK_PAGE_CHANNEL", "on call", "#alerts"),
    ("O11Y_SLACK_TICKET_CHANNEL", "<!channel>", "#alerts"),
    ("O11Y_SLACK_BASE_URL", "slack.com/api", "http:// or https://"),
    ("O11Y_POSTHOG_HOST", "posthog", "http:// or https://"),
]


@pytest.mark.parametrize(("name", "value", "accepted"), BAD)
def test_a_bad_setting_is_refused_by_name_with_what_is_accepted_and_without_a_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, accepted: str
) -> None:
    message = refusal(monkeypatch, **{name: value})
    assert message.startswith(f"{name}: ")
    assert accepted in message
    assert SECRET not in message


def test_every_bad_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, O11Y_PORT="x", O11Y_SERVER="y", O11Y_PROT="1")
    assert sorted(line.split(":")[0] for line in message.splitlines()) == ["O11Y_PORT", "O11Y_PROT", "O11Y_SERVER"]


def test_a_misspelt_setting_is_refused_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, O11Y_SLACK_PAGE_WEBHOK_URL=SECRET)
    assert message == "O11Y_SLACK_PAGE_WEBHOK_URL: not a setting; did you mean O11Y_SLACK_PAGE_WEBHOOK_URL?"
    monkeypatch.delenv("O11Y_SLACK_PAGE_WEBHOK_URL")
    assert "config/o11y.env.example" in refusal(monkeypatch, O11Y_XYZZY="1")


def test_a_file_of_a_setting_that_is_a_file_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "did you mean O11Y_OBJECTIVES_FILE?" in refusal(monkeypatch, O11Y_OBJECTIVES_FILE_FILE="x")


def test_variables_of_the_test_suite_are_not_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("O11Y_TEST_REDIS_URL", "redis://elsewhere")
    assert load_settings().embedded_redis


def test_good_settings_of_every_kind_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "O11Y_LOG_LEVEL": "WARNING",
        "O11Y_REDIS_URL": "unix:///run/redis.sock",
        "O11Y_CLICKHOUSE_URL": "https://user:p%40ss@host:8443/?verify=false",
        "O11Y_RECOMMENDED_MODELS": " a/b , c/d,, ",
        "O11Y_CLIENT_SECRETS": '{"one": "s1", "two": [" s2 ", "s3"]}',
        "O11Y_OBJECTIVES_FILE": "/etc/o11y/objectives.yaml",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(port=9000)
    assert (settings.log_level, settings.port) == ("warning", 9000)
    assert not settings.embedded_redis
    assert not settings.embedded_clickhouse
    assert settings.recommended_models == ("a/b", "c/d")
    assert settings.objectives_file == Path("/etc/o11y/objectives.yaml")
    assert {name: [s.get_secret_value() for s in listed] for name, listed in settings.client_secrets.items()} == {
        "one": ["s1"],
        "two": ["s2", "s3"],
    }


def test_printed_settings_hold_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("O11Y_CLIENT_SECRETS", json.dumps({"gateway": [SECRET]}))
    monkeypatch.setenv("O11Y_REDIS_URL", f"redis://:{SECRET}@host")
    monkeypatch.setenv("O11Y_POSTHOG_API_KEY", SECRET)
    assert SECRET not in repr(load_settings())


def test_one_list_of_recommended_models_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, O11Y_RECOMMENDED_MODELS="a", O11Y_RECOMMENDED_MODELS_URL="https://host")
    assert message == "O11Y_RECOMMENDED_MODELS and O11Y_RECOMMENDED_MODELS_URL are both set; set one"


BOT_TOKEN = "xoxb-111-222-abcdefgh"
TOGETHER = [
    ({"PAGE_CHANNEL": "#pages"}, "O11Y_SLACK_PAGE_CHANNEL needs O11Y_SLACK_BOT_TOKEN, which writes to it"),
    ({"TICKET_CHANNEL": "C0"}, "O11Y_SLACK_TICKET_CHANNEL needs O11Y_SLACK_BOT_TOKEN, which writes to it"),
    ({"BOT_TOKEN": BOT_TOKEN}, "O11Y_SLACK_BOT_TOKEN needs O11Y_SLACK_PAGE_CHANNEL or O11Y_SLACK_TICKET_CHANNEL"),
    (
        {"BOT_TOKEN": BOT_TOKEN, "PAGE_CHANNEL": "#pages", "PAGE_WEBHOOK_URL": "https://hooks.example.com/x"},
        "O11Y_SLACK_PAGE_CHANNEL and O11Y_SLACK_PAGE_WEBHOOK_URL are both set; set one",
    ),
    (
        {"SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5"},
        "O11Y_SLACK_SIGNING_SECRET needs O11Y_SLACK_BOT_TOKEN: webhooks have no buttons",
    ),
]


@pytest.mark.parametrize(("given", "words"), TOGETHER)
def test_settings_of_slack_that_do_not_belong_together_are_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], words: str
) -> None:
    assert refusal(monkeypatch, **{f"O11Y_SLACK_{name}": value for name, value in given.items()}) == words


def test_a_channel_for_pages_beside_a_webhook_for_tickets_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("O11Y_SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("O11Y_SLACK_PAGE_CHANNEL", "#pages")
    monkeypatch.setenv("O11Y_SLACK_TICKET_WEBHOOK_URL", "https://hooks.example.com/x")
    assert load_settings().slack_page_channel == "#pages"


# ---------------------------------------------------------------- files


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "webhook"
    file.write_text("\n https://hooks.example.com/x \n", encoding="utf-8")
    monkeypatch.setenv("O11Y_SLACK_PAGE_WEBHOOK_URL_FILE", str(file))
    url = load_settings().slack_page_webhook_url
    assert url is not None
    assert url.get_secret_value() == "https://hooks.example.com/x"


def test_a_setting_and_its_file_are_not_both_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("a", encoding="utf-8")
    message = refusal(monkeypatch, O11Y_POSTHOG_API_KEY=SECRET, O11Y_POSTHOG_API_KEY_FILE=str(file))
    assert message == "O11Y_POSTHOG_API_KEY and O11Y_POSTHOG_API_KEY_FILE are both set; set one"


def test_a_file_beside_an_empty_variable_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("a-key", encoding="utf-8")
    monkeypatch.setenv("O11Y_POSTHOG_API_KEY", "")
    monkeypatch.setenv("O11Y_POSTHOG_API_KEY_FILE", str(file))
    key = load_settings().posthog_api_key
    assert key is not None
    assert key.get_secret_value() == "a-key"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secrets.json"
    if content is not None:
        file.write_bytes(content)
    message = refusal(monkeypatch, O11Y_CLIENT_SECRETS_FILE=str(file))
    assert message.startswith(f"O11Y_CLIENT_SECRETS_FILE: {file} cannot be read")


def test_a_bad_value_from_a_file_is_refused_without_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(f'{{"a": "{SECRET}", "b": "{SECRET}"}}', encoding="utf-8")
    message = refusal(monkeypatch, O11Y_CLIENT_SECRETS_FILE=str(file))
    assert message.startswith(f"O11Y_CLIENT_SECRETS_FILE: {file}: ")
    assert "no secret used by two clients" in message
    assert SECRET not in message


# ---------------------------------------------------------------- client secrets


@pytest.mark.parametrize("name", ["O11Y_TLS_CERT_FILE", "O11Y_TLS_KEY_FILE"])
def test_a_certificate_without_its_key_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    message = refusal(monkeypatch, **{name: "/etc/o11y/tls.pem"})
    assert message == "O11Y_TLS_CERT_FILE and O11Y_TLS_KEY_FILE belong together; set both or neither"


def test_the_shipped_configuration_is_found() -> None:
    for name in ("objectives.yaml", "objectives.workbook.yaml", "objectives.parity.yaml"):
        assert shipped_config(name).is_file()


def test_every_setting_is_explained_in_the_shipped_example() -> None:
    text = shipped_config("o11y.env.example").read_text(encoding="utf-8")
    for name in type(load_settings()).model_fields:
        assert f"#O11Y_{name.upper()}" in text, name


@pytest.mark.parametrize("url", [f"https://user:{SECRET}@host/x", f"ftp://host/{SECRET}", SECRET])
def test_a_heartbeat_url_that_cannot_be_called_is_refused_without_quoting_it(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    message = refusal(monkeypatch, O11Y_HEARTBEAT_URL=url)
    assert message.startswith("O11Y_HEARTBEAT_URL: ")
    assert "accepted" in message
    assert SECRET not in message


@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_admin_tokens_of_another_shape_are_refused_by_name_and_without_the_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str
) -> None:
    text = f'{{"ann": {{"token": "{SECRET}", "role": "owner"}}}}'
    (tmp_path / "tokens").write_text(text, encoding="utf-8")
    value = str(tmp_path / "tokens") if suffix else text
    message = refusal(monkeypatch, **{f"O11Y_ADMIN_TOKENS{suffix}": value})
    assert message.startswith(f"O11Y_ADMIN_TOKENS{suffix}")
    assert "the role viewer or editor" in message
    assert SECRET not in message
