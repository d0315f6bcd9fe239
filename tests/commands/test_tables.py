"""What the tables say, word by word."""

from io import StringIO
from typing import Any

import pytest

from o11y.commands.tables import print_explanation, print_spool, print_tick
from o11y.slo.evaluation import Reason

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


VERDICT = {
    "objective": "silent",
    "severity": "ticket",
    "indicator": "traffic",
    "target": "0.05",
    "long_window_s": 1_800,
    "short_window_s": 600,
    "burn_rate_threshold": 1.0,
    "valid": 120,
    "bad": 120,
    "burn_rate_long": 1.0526,
    "short_valid": 40,
    "short_bad": 39,
    "burn_rate_short": 1.0263,
    "min_requests": 30,
    "min_bad": 2,
    "bad_needed": 54,
    "firing": True,
    "reason": "firing",
    "page_becomes_ticket": None,
}


def explained(**changes: Any) -> str:
    out = StringIO()
    names = {"client": "gateway", "provider": "vendor", "model": "m", "time": "12:00", "until": "11:59:50"}
    print_explanation({**names, "traffic": True, "verdicts": [{**VERDICT, **changes}], "not_used": []}, out)
    return out.getvalue().splitlines()[-1]


def test_of_traffic_the_shares_that_are_missing_are_shown_and_no_burn_rates() -> None:
    cells = [cell for cell in explained().split("  ") if cell]
    assert [cell.strip() for cell in cells] == [
        "silent", "ticket 30m/10m", "120 / 120", "100 %", "39 / 40", "97.5 %", "95 %", "firing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.NO_REQUESTS, "nothing is usual at this time of day"),
        (Reason.TOO_FEW_REQUESTS, "too little is usual at this time of day for min_volume (30)"),
        (Reason.MAY_BE_CHANCE, "that so few came may be chance (needs 54)"),
        (Reason.LONG_BELOW, "less is missing in the long window than drop"),
        (Reason.SHORT_BELOW, "requests come again"),
    ],
)
def test_why_a_drop_does_not_fire_is_told_in_its_own_words(reason: Reason, said: str) -> None:
    assert explained(reason=reason.value, firing=False).endswith(said)
    assert "burn rate" not in explained(reason=reason.value, firing=False)


def test_a_burn_rate_is_shown_of_everything_else() -> None:
    line = explained(indicator="error_rate", target="0.999", burn_rate_long=374.0, reason=Reason.LONG_BELOW.value)
    assert "374" in line
    assert "burn rate of the long window is below the threshold" in line


def test_what_fires_is_listed_with_the_share_that_is_missing() -> None:
    out = StringIO()
    row = {**VERDICT, "client": "gateway", "provider": "vendor", "model": "m", "reason": ""}
    print_tick({"time": "12:00", "until": "11:59:50", "dimensions": 1, "incomplete": False, "firing": [row]}, out)
    assert "100 % / 97.5 %" in out.getvalue().splitlines()[-1]
