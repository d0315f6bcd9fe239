from datetime import timedelta

import pytest

from o11y.worker.self_checks.trouble import lasting


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (-3, "less than a minute"),
        (0, "less than a minute"),
        (1, "1 min"),
        (59, "59 min"),
        (60, "1 h 0 min"),
        (185, "3 h 5 min"),
        (3120, "2 d 4 h"),
    ],
)
def test_how_long_it_lasts_is_said_in_two_units_at_most(minutes: int, said: str) -> None:
    assert lasting(timedelta(minutes=minutes)) == said
