"""Settings from the environment: ``O11Y_NAME``, or ``O11Y_NAME_FILE`` for the path of a file that holds the value.

The only reader of the environment. A bad setting stops the start with its name and what would be accepted, and
without its value, which may be a secret.
"""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "O11Y_"
#: for the test suite, and for nothing that runs
TEST_PREFIX = "O11Y_TEST_"
LONGEST_SECRET_FILE = 1024 * 1024

ClientSecrets = Mapping[str, tuple[SecretStr, ...]]


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
    recommended_models: Annotated[tuple[str, ...], NoDecode] = ()
    recommended_models_url: str | None = None

    slack_page_webhook_url: SecretStr | None = None
    slack_ticket_webhook_url: SecretStr | None = None
    posthog_api_key: SecretStr | None = None
    posthog_host: str = "https://us.i.posthog.com"

    @field_validator("client_secrets", mode="before")
    @classmethod
    def _clients(cls, value: Any) -> Any:
        return parse_client_secrets(value) if isinstance(value, str) else value

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

    @field_validator("public_url", "recommended_models_url", "posthog_host")
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
    def _certificate_and_key(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("O11Y_TLS_CERT_FILE and O11Y_TLS_KEY_FILE belong together; set both or neither")
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


def parse_client_secrets(text: str) -> dict[str, tuple[str, ...]]:
    """``{"client name": ["secret", "next secret"]}``; a single secret may stand without the list."""
    shape = 'accepted: JSON like {"my-gateway": ["secret", "next-secret"]}, no secret used by two clients'
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(shape) from None
    if not isinstance(parsed, dict) or not parsed:
        raise ValueError(shape)
    clients: dict[str, tuple[str, ...]] = {}
    for name, given in parsed.items():
        listed = [given] if isinstance(given, str) else given
        if not isinstance(listed, list) or not listed or not all(isinstance(s, str) and s.strip() for s in listed):
            raise ValueError(shape)
        if not name.strip():
            raise ValueError(shape)
        clients[name] = tuple(secret.strip() for secret in listed)
    every = [secret for listed in clients.values() for secret in set(listed)]
    if len(set(every)) != len(every):
        raise ValueError(shape)
    return clients


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


def first_secrets(data_dir: Path) -> tuple[dict[str, tuple[str, ...]], bool]:
    """The client secrets of a first start, made once and kept in the data folder (mode 0600), and whether just made."""
    path = _kept(data_dir)
    made = not path.exists()
    if made:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = json.dumps({"default": [secrets.token_urlsafe(24)]})
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(fresh)
    return kept_secrets(data_dir), made


def kept_secrets(data_dir: Path) -> dict[str, tuple[str, ...]]:
    """Those of the data folder. Raises ``SettingsError`` with the file's path."""
    path = _kept(data_dir)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({type(error).__name__})") from None
    try:
        return parse_client_secrets(text)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from None


def _kept(data_dir: Path) -> Path:
    return data_dir / "client-secrets.json"


def plain_secrets(clients: ClientSecrets) -> dict[str, tuple[str, ...]]:
    """Out of their wrappers, for the one who compares them."""
    return {name: tuple(secret.get_secret_value() for secret in listed) for name, listed in clients.items()}


def shipped_config(name: str) -> Path:
    """A file of the shipped ``config/``: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "config" / name
    return inside if inside.exists() else Path(__file__).parent.parent / "config" / name
