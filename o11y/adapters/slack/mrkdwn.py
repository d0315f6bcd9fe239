"""Slack's mrkdwn: text from outside, made unable to ping, link or format.

``&``, ``<`` and ``>`` are the only characters Slack wants escaped (a model named ``<!channel>`` would ping everybody);
names also go into code spans, in which nothing else is interpreted.
"""

from urllib.parse import quote

from o11y.alerting.foreign_text import END_ISOLATE, ISOLATE, visible

_LONGEST_LINK = 1_000
#: the ellipsis, and the ends of isolates; they are not nested
_CUT_ROOM = 2


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def size(text: str) -> int:
    """Length in UTF-16 units, the largest of the ways in which a receiver may count characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(escaped: str, limit: int) -> str:
    """Escaped text of at most ``limit`` characters, ended by an ellipsis where shortened.

    No entity is cut in two, and a directional isolate that is cut open is closed again.
    """
    if size(escaped) <= limit:
        return escaped
    room = limit - _CUT_ROOM
    kept = escaped[:room]
    while size(kept) > room:
        kept = kept[: len(kept) - max(1, (size(kept) - room) // 2)]
    start = kept.rfind("&")
    if start > kept.rfind(";"):
        kept = kept[:start]
    return kept + "…" + END_ISOLATE * max(0, kept.count(ISOLATE) - kept.count(END_ISOLATE))


def code(name: str, *, limit: int = 240) -> str:
    """A name in a code span of at most ``limit`` characters; its own backticks become apostrophes."""
    return span(visible(name, limit=limit), limit=limit)


def span(shown: str, *, limit: int = 240) -> str:
    """The same of text whose names were made visible before."""
    return f"`{cut(escape(shown.replace('`', chr(39))), limit - 2)}`"


def link(url: str, label: str) -> str:
    """``label`` linked to ``url``; an address that is not http(s), or overlong, is shown instead."""
    safe = web_address(url, limit=_LONGEST_LINK)
    return f"{label}: {code(url)}" if safe is None else f"<{escape(safe)}|{label}>"


def web_address(url: str, *, limit: int) -> str | None:
    """``url``, its odd characters percent-encoded; None for one that is not http(s), or too long."""
    safe = quote(url, safe="/:?#[]@!$&'()*+,;=%~-._", errors="replace")
    return safe if safe.startswith(("http://", "https://")) and len(safe) <= limit else None
