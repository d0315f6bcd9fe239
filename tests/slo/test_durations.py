import pytest

from o11y.slo.durations import duration_text, parse_duration_s, time_text


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("90s", 90), ("5m", 300), ("1h", 3_600), ("3d", 259_200), ("0s", 0)]
)
def test_a_duration_reads_back_as_written(text: str, seconds: int) -> None:
    assert parse_duration_s(text) == seconds
    assert duration_text(seconds) == text


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "1h30m", "-5m", "1.5h", "5M", "5w", "٣m", "5m\n"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 90s"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (4.32, "4.3s"),
        (59.96, "1m"),
        (129.6, "2m 10s"),
        (3_599.7, "1h"),
        (74_000, "20h 33m"),
        (86_399, "1d"),
        (216_000, "2d 12h"),
    ],
)
def test_a_time_is_read_in_two_units(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
