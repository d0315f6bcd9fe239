"""How numbers and times are written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest

from o11y.web import formats
from o11y.web.drawing import spark_path

NBSP = "\N{NO-BREAK SPACE}"
AT = datetime(2026, 11, 21, 14, 30, 5, tzinfo=UTC)


def plain(text: object) -> str:
    return str(text).replace(NBSP, " ")


def test_one_is_no_plural() -> None:
    assert [formats.counted(number, "row") for number in (0, 1, 12_345)] == ["0 rows", "1 row", "12,345 rows"]


@pytest.mark.parametrize("name", sorted(set(formats.FILTERS) - {"ago", "counted"}))
def test_what_is_not_known_is_a_dash(name: str) -> None:
    assert formats.FILTERS[name](None) == "–"
    assert formats.ago({"now": AT}, None) == "–"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (1_000, "1k"), (12_345, "12.3k"), (999_600, "1M"), (4_560_000, "4.56M")]
)
def test_a_compact_count_has_three_digits(value: int, text: str) -> None:
    assert formats.compact(value) == text


def test_a_count_has_its_thousands_apart() -> None:
    assert formats.count(1234567) == "1,234,567"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.5, "50 %"),
        (0.1234, "12 %"),
        (0.01234, "1.2 %"),
        (Decimal("0.001"), "0.1 %"),
        (Fraction(1, 8_000), "0.013 %"),
        (0.9995, "99.95 %"),
        (0.9999999, "99.999 %"),
        (0.00000001, "< 0.0001 %"),
        (-0.31, "-31 %"),
        (1.5, "150 %"),
    ],
)
def test_a_share_is_written_with_the_digits_that_matter_and_never_rounded_to_none_or_all(
    fraction: float, text: str
) -> None:
    assert plain(formats.percent(fraction)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.071, "71 ms"),
        (45, "45 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (12_000, "3 h 20 min"),
        (7_200, "2 h"),
        (1_051_200, "12 d 4 h"),
        (-90, "−1 min 30 s"),
        (599, "9 min 59 s"),
        (2_128, "35 min"),
        (3_599, "59 min"),
    ],
)
def test_a_duration_is_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert plain(formats.duration(seconds)) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.4, "0.4 ms"), (340, "340 ms"), (1_250, "1.25 s"), (15_000, "15 s"), (180_000, "3 min")]
)
def test_milliseconds_are_read_as_people_say_them(value: float, text: str) -> None:
    assert plain(formats.ms(value)) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, "0×"),
        (0.004, "<0.01×"),
        (0.0632, "0.06×"),
        (0.4, "0.4×"),
        (0.996, "1×"),
        (14.4, "14.4×"),
        (1_000, "1000×"),
        (float("inf"), "∞×"),
    ],
)
def test_a_burn_rate_is_a_multiple(rate: float, text: str) -> None:
    assert formats.burn(rate) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (1023, "1023 B"), (3_355_443, "3.2 MiB"), (4 * 1024**3, "4 GiB"), (2**41, "2 TiB")]
)
def test_bytes_are_in_binary_units(value: int, text: str) -> None:
    assert plain(formats.size(value)) == text


def test_a_time_is_utc_for_people_and_for_machines() -> None:
    there = AT.astimezone(timezone(timedelta(hours=5)))
    assert plain(formats.time(there)) == '<time datetime="2026-11-21T14:30:05Z">2026-11-21 14:30 UTC</time>'
    assert plain(formats.clock(there)).endswith('title="2026-11-21 14:30:05 UTC">14:30:05</time>')


@pytest.mark.parametrize(
    ("before", "words"),
    [(0, "now"), (4.9, "now"), (59, "59 s ago"), (60, "1 min ago"), (7_300, "2 h ago"), (90_000, "1 d ago")],
)
def test_how_long_ago_is_in_one_unit(before: float, words: str) -> None:
    assert f"data-ago>{words}</time>" in plain(formats.ago({"now": AT + timedelta(seconds=before)}, AT))


def test_what_is_to_come_is_said_so() -> None:
    assert plain(formats.since(-150)) == "in 2 min"


def test_a_spark_line_is_interrupted_where_nothing_is_known() -> None:
    assert spark_path([]) == ""
    assert spark_path([None, None]) == ""
    assert spark_path([5]) == "M1.5 1.5"
    assert spark_path([0, 10]) == "M1.5 18.5L70.5 1.5"
    assert spark_path([1, None, 1]).count("M") == 2
    assert spark_path([0, 0]) == "M1.5 18.5L70.5 18.5"
