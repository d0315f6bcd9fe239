"""Settings from the environment: ``O11Y_NAME``, or ``O11Y_NAME_FILE`` for the path of a file that holds the value.

The only reader of the environment. A bad setting stops the start with its name and what would be accepted, and
without its value, which may be a secret.
"""

import ipaddress
import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from o11y.credentials import AdminToken, parse_admin_tokens, parse_client_secrets
from o11y.report_times import checked

PREFIX = "O11Y_"
#: for the test suite, and for nothing that runs
TEST_PREFIX = "O11Y_TEST_"
LONGEST_SECRET_FILE = 1024 * 1024


class SettingsError(Exception):
    """A setting that cannot be used; the text names it and what is accepted."""


class _FromFiles(PydanticBaseSettingsSource):
    """``O11Y_X_FILE``: the value of ``O11Y_X`` is the text of that file, without the space around it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = f"{PREFIX}{field_name.upper()}"
        path = os.environ.get(f"{name}_FILE")
        if not path or field_name.endswith("_file"):
            return None, field_name, False
        if os.environ.get(name):
            raise SettingsError(f"{name} and {name}_FILE are both set; set one")
        try:
            with open(path, encoding="utf-8") as file:
                return file.read(LONGEST_SECRET_FILE).strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_FILE: {path} cannot be read ({type(error).__name__})") from None

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """Everything that can be set; ``config/o11y.env.example`` explains each in a user's words."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    server: Literal["hypercorn", "uvicorn"] = "hypercorn"
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    data_dir: Path = Path("data")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    public_url: str | None = None

    client_secrets: Annotated[dict[str, tuple[SecretStr, ...]], NoDecode] = Field(default_factory=dict)
    admin_tokens: Annotated[dict[str, AdminToken], NoDecode] = Field(default_factory=dict)
    max_body_bytes: int = Field(256 * 1024, ge=1024, le=64 * 1024 * 1024)
    max_batch_bytes: int = Field(16 * 1024 * 1024, ge=1024, le=1024 * 1024 * 1024)
    max_dimensions_per_client: int = Field(2_000, ge=1)
    spool_max_bytes: int = Field(4 * 1024**3, ge=1024 * 1024)
    spool_max_age_s: int = Field(600, ge=10)

    clickhouse_url: SecretStr | None = None
    clickhouse_database: str = Field("o11y", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
    redis_url: SecretStr | None = None

    objectives_file: Path | None = None
    ingest_lag_s: int = Field(10, ge=0, le=300)
    ticket_group_wait_s: int = Field(120, ge=0, le=3600)
    message_cap: int = Field(10, ge=1, le=1000)
    page_cap: int = Field(20, ge=1, le=1000)
    recommended_models: Annotated[tuple[str, ...], NoDecode] = ()
    recommended_models_url: str | None = None
    weekly_report: Annotated[str, AfterValidator(checked)] | None = None

    slack_page_webhook_url: SecretStr | None = None
    slack_ticket_webhook_url: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_page_channel: str | None = None
    slack_ticket_channel: str | None = None
    slack_base_url: str = "https://slack.com/api/"
    heartbeat_url: SecretStr | None = None
    posthog_api_key: SecretStr | None = None
    posthog_host: str = "https://us.i.posthog.com"

    @field_validator("client_secrets", mode="before")
    @classmethod
    def _clients(cls, value: Any) -> Any:
        return parse_client_secrets(value) if isinstance(value, str) else value

    @field_validator("admin_tokens", mode="before")
    @classmethod
    def _admins(cls, value: Any) -> Any:
        return parse_admin_tokens(value) if isinstance(value, str) else value

    @field_validator("recommended_models", mode="before")
    @classmethod
    def _models(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("port", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("tcp://"):
            raise ValueError(
                "a number from 0 to 65535 is accepted; Kubernetes sets this one for a Service named o11y, "
                "so set enableServiceLinks: false in the pod"
            )
        return value

    @field_validator("log_level", "server", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("public_url", "recommended_models_url", "posthog_host", "slack_base_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None:
            _check_url(value, "http", "https")
        return value

    @field_validator("slack_page_webhook_url", "slack_ticket_webhook_url", "clickhouse_url")
    @classmethod
    def _secret_http(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _check_url(value.get_secret_value(), "http", "https")
        return value

    @field_validator("slack_bot_token")
    @classmethod
    def _bot_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"(xoxe\.)?xoxb-[A-Za-z0-9-]{8,500}", value.get_secret_value()):
            raise ValueError("a bot token, which begins with xoxb-, is accepted")
        return value

    @field_validator("slack_signing_secret")
    @classmethod
    def _signing_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[!-~]{16,200}", value.get_secret_value()):
            raise ValueError("the signing secret of the Slack app, 32 hexadecimal digits, is accepted")
        return value

    @field_validator("slack_page_channel", "slack_ticket_channel")
    @classmethod
    def _channel(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"#?[^\s#@<>&]{1,80}", value):
            raise ValueError("the id of a channel (C0123ABCDEF) or its name (#alerts) is accepted")
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _heartbeat(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _check_url(value.get_secret_value(), "http", "https")
            if "@" in urlsplit(value.get_secret_value()).netloc:
                raise ValueError("a URL without user and password is accepted; a token may be in its path")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _check_url(value.get_secret_value(), "redis", "rediss", "unix")
        return value

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if self.recommended_models and self.recommended_models_url:
            raise ValueError("O11Y_RECOMMENDED_MODELS and O11Y_RECOMMENDED_MODELS_URL are both set; set one")
        return self

    @model_validator(mode="after")
    def _caps(self) -> Self:
        if self.message_cap > self.page_cap:
            raise ValueError("O11Y_MESSAGE_CAP is at most O11Y_PAGE_CAP; pages may pass where other messages do not")
        return self

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("O11Y_TLS_CERT_FILE and O11Y_TLS_KEY_FILE belong together; set both or neither")
        return self

    @model_validator(mode="after")
    def _conversations(self) -> Self:
        given = {
            "PAGE": (self.slack_page_channel, self.slack_page_webhook_url),
            "TICKET": (self.slack_ticket_channel, self.slack_ticket_webhook_url),
        }
        for severity, (channel, webhook) in given.items():
            if channel and webhook:
                raise ValueError(
                    f"O11Y_SLACK_{severity}_CHANNEL and O11Y_SLACK_{severity}_WEBHOOK_URL are both set; set one"
                )
            if channel and self.slack_bot_token is None:
                raise ValueError(f"O11Y_SLACK_{severity}_CHANNEL needs O11Y_SLACK_BOT_TOKEN, which writes to it")
        if self.slack_bot_token and not any(channel for channel, _ in given.values()):
            raise ValueError("O11Y_SLACK_BOT_TOKEN needs O11Y_SLACK_PAGE_CHANNEL or O11Y_SLACK_TICKET_CHANNEL")
        if self.slack_signing_secret and self.slack_bot_token is None:
            raise ValueError("O11Y_SLACK_SIGNING_SECRET needs O11Y_SLACK_BOT_TOKEN: webhooks have no buttons")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FromFiles(settings_cls)

    @property
    def on_loopback(self) -> bool:
        """Nobody from elsewhere can reach it; a name may be anybody's, but for the usual one."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def embedded_clickhouse(self) -> bool:
        return self.clickhouse_url is None

    @property
    def embedded_redis(self) -> bool:
        return self.redis_url is None


def _check_url(value: str, *schemes: str) -> None:
    """The words of urlsplit's own errors are not used: they may quote the value."""
    try:
        parts = urlsplit(value)
        place = parts.path if parts.scheme == "unix" else parts.hostname
        usable = parts.scheme in schemes and bool(place) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"a URL starting with {' or '.join(f'{scheme}://' for scheme in schemes)} is accepted")


def load_settings(**overrides: Any) -> Settings:
    """From the environment; raises ``SettingsError`` that names every bad setting."""
    problems = _unknown(os.environ)
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        problems += [_problem(one["loc"], one["msg"]) for one in found]
        raise SettingsError("\n".join(problems)) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _problem(place: tuple[int | str, ...], message: str) -> str:
    """Where the value came from a file, that file is what a human goes to."""
    message = message.removeprefix("Value error, ")
    if not place:
        return message
    name = f"{PREFIX}{str(place[0]).upper()}"
    path = os.environ.get(f"{name}_FILE")
    return f"{name}_FILE: {path}: {message}" if path else f"{name}: {message}"


def _unknown(names: Iterable[str]) -> list[str]:
    """A misspelt setting would silently be its default."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    known += [f"{name}_FILE" for name in known if not name.endswith("_FILE")]
    problems = []
    for name in sorted(names):
        if not name.startswith(PREFIX) or name.startswith(TEST_PREFIX) or name in known:
            continue
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else "config/o11y.env.example lists those that are"
        problems.append(f"{name}: not a setting; {hint}")
    return problems


def shipped_config(name: str) -> Path:
    """A file of the shipped ``config/``: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "config" / name
    return inside if inside.exists() else Path(__file__).parent.parent / "config" / name
