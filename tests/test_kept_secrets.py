"""Secrets that nobody set: made once, for their owner alone, and never made anew by themselves."""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from o11y.kept_secrets import (
    ADMINS_FILE,
    CLIENTS_FILE,
    admin_tokens,
    client_secrets,
    first_admin_tokens,
    first_client_secrets,
)
from o11y.settings import Settings, SettingsError, load_settings

SECRET = "hunter2-hunter2-hunter2"

KINDS = pytest.mark.parametrize(
    ("first", "kept", "name"),
    [
        (first_client_secrets, client_secrets, CLIENTS_FILE),
        (first_admin_tokens, admin_tokens, ADMINS_FILE),
    ],
    ids=["client secrets", "admin tokens"],
)
First = Callable[[Settings], bool]
Kept = Callable[[Settings], Mapping[str, Any]]


@KINDS
def test_they_are_made_once_and_for_their_owner_alone(tmp_path: Path, first: First, kept: Kept, name: str) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    assert first(settings)
    found = kept(settings)
    assert not first(settings)
    assert kept(settings) == found
    assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_the_first_client_may_post_and_the_first_admin_may_edit(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert (first_client_secrets(settings), first_admin_tokens(settings)) == (True, True)
    ((client, (secret,)),) = client_secrets(settings).items()
    ((admin, (token, role)),) = admin_tokens(settings).items()
    assert (client, admin, role) == ("default", "admin", "editor")
    assert (len(secret), len(token)) == (32, 32)
    assert secret != token


def test_with_some_in_the_settings_none_are_made(tmp_path: Path) -> None:
    tokens = f'{{"ann": {{"token": "{SECRET}", "role": "viewer"}}}}'
    settings = load_settings(data_dir=tmp_path, client_secrets='{"gateway": ["s"]}', admin_tokens=tokens)
    assert (first_client_secrets(settings), first_admin_tokens(settings)) == (False, False)
    assert client_secrets(settings) == {"gateway": ("s",)}
    assert admin_tokens(settings) == {"ann": (SECRET, "viewer")}
    assert list(tmp_path.iterdir()) == []


@KINDS
def test_damaged_ones_are_refused_by_path(tmp_path: Path, first: First, kept: Kept, name: str) -> None:
    (tmp_path / name).write_text(f'"{SECRET}"', encoding="utf-8")
    settings = load_settings(data_dir=tmp_path)
    assert not first(settings)
    with pytest.raises(SettingsError, match=rf"{name}: accepted: JSON like") as refused:
        kept(settings)
    assert SECRET not in str(refused.value)


@KINDS
@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_those_that_cannot_be_read_are_refused_by_path(
    tmp_path: Path, content: bytes | None, first: First, kept: Kept, name: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=rf"{name} cannot be read \(\w+Error\)"):
        kept(load_settings(data_dir=tmp_path))
