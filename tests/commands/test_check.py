from io import StringIO
from pathlib import Path

import pytest

from o11y.commands.check import run

CONFIG = Path(__file__).parents[2] / "config"

SOUND = """\
version: 1
objectives:
  - name: slow
    indicator: latency
    threshold_ms: 15000
    target: 0.9
    page_eligible: false
    runbook: https://example.org/slow
    match: {model: "vendor/*"}
    windows: [{severity: page, long: 5m, short: 1m, burn_rate: 10}]
"""


def checked(path: Path) -> tuple[int, str]:
    out = StringIO()
    return run(path, out), out.getvalue()


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "objectives.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cells(text: str, severity: str) -> list[list[str]]:
    """The rows of the tables that begin with ``severity``, cut at two spaces or more."""
    rows = (line.split("  ") for line in text.splitlines() if line.strip().startswith(severity))
    return [[cell.strip() for cell in row if cell.strip()] for row in rows]


def test_each_pair_is_told_with_its_bad_fraction_detection_and_share_of_the_budget() -> None:
    code, text = checked(CONFIG / "objectives.workbook.yaml")
    assert code == 0
    assert cells(text, "page")[0] == ["page", "1h", "5m", "14.4", "1.44 %", "51.8s", "1m 44s", "8m 38s", "2 %"]
    assert cells(text, "page")[1] == ["page", "6h", "30m", "6", "0.6 %", "2m 10s", "4m 19s", "21m 36s", "5 %"]
    assert cells(text, "ticket")[0] == ["ticket", "3d", "6h", "1", "0.1 %", "4m 19s", "8m 38s", "43m 12s", "10 %"]


def test_an_error_fraction_that_never_fires_says_never() -> None:
    _, text = checked(CONFIG / "objectives.yaml")
    assert ["page", "5m", "1m", "8", "80 %", "4m", "never", "never", "0.0926 %"] in cells(text, "page")


def test_each_objective_is_told_in_words(tmp_path: Path) -> None:
    _, text = checked(written(tmp_path, SOUND))
    text = " ".join(text.split())
    for words in (
        "90 % of successful requests complete within 15s",
        "user_byok",
        "each client x provider x model, of model vendor/*",
        "10 %: 3d of complete outage in 30d",
        "at least 2 bad in the long window, and more than chance at confidence 0.9999: 7 of 10, 11 of 30,",
        "become tickets",
        "https://example.org/slow",
    ):
        assert words in text


@pytest.mark.parametrize("name", ["objectives.yaml", "objectives.workbook.yaml", "objectives.parity.yaml"])
def test_a_shipped_file_is_sound_and_fits_a_hundred_columns(name: str) -> None:
    code, text = checked(CONFIG / name)
    assert code == 0
    assert "sound, " in text.splitlines()[-1]
    assert max(map(len, text.splitlines()[:-1])) <= 100
    assert "\x1b" not in text


def test_warnings_are_printed_and_do_not_fail(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)
    code, text = checked(path)
    assert code == 0
    assert f"warning: {path}:3: objectives[0]: page 5m/1m at 10 fires only when every valid event is bad" in text
    assert text.endswith(": sound, 1 objective, 1 warning\n")


def test_a_refused_file_prints_every_problem_with_its_line_and_exits_1(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND.replace("15000", "14000").replace("0.9", "1.5"))
    code, text = checked(path)
    assert code == 1
    assert text.startswith(f"{path}:5: objectives[0].threshold_ms: 14000 refused; accepted: ")
    assert f"{path}:6: objectives[0].target: 1.5 refused; accepted: a number between 0 and 1" in text
    assert text.endswith("refused, 2 problems\n")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_exits_2(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "absent.yaml" if content is None else written(tmp_path, content)
    code, text = checked(path)
    assert code == 2
    assert text.startswith(f"{path}: cannot be read: ")


def test_evidence_is_told_by_examples_and_of_a_pair_that_differs_by_its_own() -> None:
    _, text = checked(CONFIG / "objectives.yaml")
    told = " ".join(text.split())
    assert "at confidence 0.9999: 2 of 3, 2 of 10, 3 of 30, 4 of 100, 7 of 1,000" in told
    assert (
        "but page 1d/2h at 14.4 up to 100 requests: at least 2 bad in the long window, "
        "and more than chance at confidence 0.999999: 3 of 3, 3 of 10, 4 of 30, 5 of 100 "
    ) in told


def test_a_file_without_the_test_says_so() -> None:
    _, text = checked(CONFIG / "objectives.parity.yaml")
    told = " ".join(text.split())
    assert "at least 10 valid and 1 bad in the long window; whether that is chance is not asked" in told


def test_a_drop_of_traffic_is_told_without_burn_rate_and_budget() -> None:
    _, text = checked(CONFIG / "objectives.yaml")
    of_drop = text.split("\ntraffic-drop\n")[1]
    told = " ".join(of_drop.split())
    for words in (
        "more than 5 % of the requests that are usual at this time of day arrive",
        "the median of the last 7 days at this time, and no more than came a week ago",
        "at least 120 usual an hour and 2 missing in the long window",
        "and more than chance at confidence 0.9999: 23 of 30, 47 of 100",
    ):
        assert words in told
    assert cells(of_drop, "ticket") == [["ticket", "30m", "10m", "95 %", "28m 30s", "60"]]
    assert "burn" not in of_drop
    assert "budget" not in of_drop
