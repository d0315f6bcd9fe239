"""``o11y silence add``: a slip is told before anybody is asked."""

import getpass
import socket
from pathlib import Path
from typing import Any

import pytest

from o11y.commands import silences
from o11y.settings import load_settings

NOTHING: dict[str, Any] = {
    "comment": "c",
    "author": None,
    "start": None,
    "lasts": None,
    "until": None,
    "as_json": False,
}


@pytest.mark.parametrize(
    ("matchers", "given", "words"),
    [
        (["modell=x"], {"lasts": "2h"}, "did you mean model"),
        (["openai"], {"lasts": "2h"}, "is not a matcher such as"),
        (['client=~".*"'], {"lasts": "2h"}, "must not match the empty text"),
        (["client=x"], {"lasts": "two"}, "duration: must be a duration such as 30m, 2h or 7d"),
        (["client=x"], {"lasts": "401d"}, "400 days"),
        (["client=x"], {"until": "later"}, "--until: 'later' is not a time"),
        (["client=x"], {"until": "2020-01-01"}, "it must end after it starts"),
        (["client=x"], {"start": "soon", "lasts": "2h"}, "--start: 'soon' is not a time"),
        (["client=x"], {"lasts": "2h", "comment": " "}, "comment: from 1 to 1,000"),
        (["client=x"], {"lasts": "2h", "author": "x" * 101}, "author: from 1 to 100"),
    ],
)
def test_a_slip_is_told_in_words(tmp_path: Path, matchers: list[str], given: dict[str, Any], words: str) -> None:
    settings = load_settings(data_dir=tmp_path / "none")
    with pytest.raises(ValueError, match=words):
        silences.add(settings, matchers, **{**NOTHING, **given})
    assert not (tmp_path / "none").exists()


def test_who_types_is_named_also_where_the_system_has_no_name_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    assert silences.typist() == "ann@laptop"
    monkeypatch.setattr(getpass, "getuser", nobody)
    assert silences.typist().endswith("@laptop")
    monkeypatch.setattr(socket, "gethostname", lambda: "x" * 300)
    assert len(silences.typist()) == 100
