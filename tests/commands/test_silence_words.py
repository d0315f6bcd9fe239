"""What ``o11y silence`` prints: read at 3 a.m. in 80 columns."""

import io
from datetime import timedelta
from typing import Any

from o11y.alerting.record import rfc3339
from o11y.alerting.silence import Silence
from o11y.alerting.silence_json import shown
from o11y.commands.silence_words import print_added, print_expired, print_silences
from tests.builders import NOW, silence

HOUR = timedelta(hours=1)


def said(printer: Any, *silences: Silence) -> str:
    out = io.StringIO()
    found = [shown(one, NOW) for one in silences]
    answer = {"silences": found} if printer is print_silences else {"silence": found[0]}
    printer({"now": rfc3339(NOW), **answer}, out)
    return out.getvalue()


def test_no_silences_are_said_in_two_words() -> None:
    assert said(print_silences) == "No silences.\n"


def test_each_says_how_long_it_lasts_what_it_mutes_and_who_wants_it() -> None:
    active = silence('provider="openai",model=~"gpt-.*"', silence_id="5f3a9c21", ends_at=NOW + 4 * HOUR / 3)
    to_come = silence(
        silence_id="0badcafe", starts_at=NOW + 2 * HOUR, ends_at=NOW + 26 * HOUR, comment="move the data centre"
    )
    bound = silence(silence_id="77aa77aa", incident_id="inc-1", author="bob")
    ended = silence(silence_id="11111111", expired_at=NOW - HOUR / 2, expired_by="carl@laptop", created_at=NOW - HOUR)
    over = silence(silence_id="22222222", starts_at=NOW - 2 * HOUR, ends_at=NOW - HOUR)
    assert said(print_silences, active, bound, to_come, ended, over) == (
        "Silences: 2 in force, 1 to come, 2 ended.\n"
        "\n"
        "5f3a9c21  in force, ends in 1h 20m (2026-11-21 13:20 UTC)\n"
        '  provider="openai"\n'
        '  model=~"gpt-.*"\n'
        "  ann: deploy\n"
        "\n"
        "77aa77aa  in force, ends in 1h (2026-11-21 13:00 UTC)\n"
        '  client="gateway"\n'
        "  until incident inc-1 is resolved, at the latest then\n"
        "  bob: deploy\n"
        "\n"
        "0badcafe  starts in 2h (2026-11-21 14:00 UTC), for 1d\n"
        '  client="gateway"\n'
        "  ann: move the data centre\n"
        "\n"
        "11111111  ended at 2026-11-21 11:30 UTC by carl@laptop\n"
        '  client="gateway"\n'
        "  ann: deploy\n"
        "\n"
        "22222222  ended at 2026-11-21 11:00 UTC, its time being over\n"
        '  client="gateway"\n'
        "  ann: deploy\n"
    )


def test_one_that_was_added_says_how_to_end_it() -> None:
    assert said(print_added, silence(silence_id="5f3a9c21")) == (
        "Silence 5f3a9c21: in force, ends in 1h (2026-11-21 13:00 UTC)\n"
        '  client="gateway"\n'
        "  ann: deploy\n"
        "To end it early: o11y silence expire 5f3a9c21\n"
    )


def test_one_that_was_expired_says_by_whom() -> None:
    ended = silence(silence_id="5f3a9c21", expired_at=NOW, expired_by="bob")
    assert said(print_expired, ended) == "Silence 5f3a9c21: ended at 2026-11-21 12:00 UTC by bob\n"


def test_no_line_is_longer_than_a_terminal_and_nothing_moves_its_cursor() -> None:
    hostile = silence(
        f'client="{"word " * 30}",model=~"{"x" * 400}",provider="a\\n\x1b[2J\\"b\\""',
        comment="\x1b[31m" + "why " * 200 + "\u202e",
        author="ann\r\x07",
    )
    text = said(print_silences, hostile)
    assert max(map(len, text.splitlines())) <= 80
    assert text.replace("\n", "").isprintable()
    assert 'provider="a\\n\\x1b[2J\\"b\\""' in text
