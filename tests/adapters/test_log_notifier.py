"""The receiver of who has no webhook."""

import asyncio
import io

import pytest

from o11y.adapters.log_notifier import LogNotifier
from o11y.worker.ports import NotifyError
from tests.builders import notice, notification


def test_a_notification_is_written_readably_and_followed_by_an_empty_line() -> None:
    stream = io.StringIO()
    asyncio.run(LogNotifier(stream, public_url="https://o11y.example").notify(notification()))
    text = stream.getvalue()
    assert "PAGE error-rate: gateway / vendor / vendor/model\n" in text
    assert "https://o11y.example" in text
    assert text.endswith("\n\n")


def test_a_notice_is_written_too() -> None:
    stream = io.StringIO()
    asyncio.run(LogNotifier(stream).notify(notice()))
    assert "o11y is blind" in stream.getvalue()


def test_a_terminal_without_the_letters_gets_its_page_all_the_same() -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="ascii")
    asyncio.run(LogNotifier(terminal).notify(notification()))
    assert b"500? over 5m" in raw.getvalue()


def test_a_closed_stream_is_a_failed_delivery() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(NotifyError, match="the log"):
        asyncio.run(LogNotifier(stream).notify(notification()))
