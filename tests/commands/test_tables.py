"""What the tables say, word by word."""

from io import StringIO
from typing import Any

from o11y.commands.tables import print_spool

LOSS = {
    "at": "2026-11-21T12:00:00Z",
    "events": 1_200,
    "history": 0,
    "exact": True,
    "maybe_shipped": 0,
    "saved": 5_000,
    "file": "spool.sqlite.damaged-20261121T120000Z",
    "reason": "checksum of part 1 of 3 is wrong",
}


def shown(**changes: Any) -> str:
    out = StringIO()
    found: dict[str, Any] = {"events": 0, "bytes": 0, "oldest": None, "aside": [], "lost": [], **changes}
    print_spool(found, out)
    return out.getvalue()


def test_a_sound_spool_says_nothing_of_losses() -> None:
    assert shown() == "0 events wait to be shipped (0 bytes).\nNo batch is set aside.\n"


def test_a_loss_is_listed_by_number_with_the_file_and_the_reason() -> None:
    line = shown(lost=[LOSS]).splitlines()[-1]
    for part in ("1,200", "5,000", LOSS["file"], LOSS["reason"]):
        assert str(part) in line


def test_a_loss_says_what_is_not_certain() -> None:
    text = shown(lost=[{**LOSS, "exact": False, "history": 3, "maybe_shipped": 40}])
    for part in ("at least 1,200", "and 3 of", "(40 may be"):
        assert part in text
