"""Fields of a page's query: filters and the number of a page."""

from collections.abc import Mapping

from o11y.web.page import Refusal

LONGEST = 1_024


def text_in(query: Mapping[str, str], name: str) -> str:
    """A filter; ``""`` when there is none. Raises ``Refusal``."""
    text = query.get(name, "").strip()
    if len(text) > LONGEST:
        raise Refusal(400, f"{name}: at most {LONGEST:,} characters are accepted.")
    return text


def page_in(query: Mapping[str, str], last: int) -> int:
    """From 1; one beyond the last page is the last. Raises ``Refusal``."""
    text = query.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) >= 1):
        raise Refusal(400, f"page: a whole number from 1 to {last:,} is accepted.")
    return min(int(text), last)
