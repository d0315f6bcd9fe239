"""Names that somebody else chose, made fit to be shown: nothing in them is invisible or moves its neighbours."""

import unicodedata

#: joiners inside emoji and inside words of several scripts; they show as what they join
_JOINERS = "\u200c\u200d"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
ISOLATE, END_ISOLATE = "\u2068", "\u2069"


def visible(text: str, *, limit: int = 160) -> str:
    """At most ``limit`` characters, control and direction characters written as ``\\n`` or ``\\u202e``.

    Text with right-to-left letters comes back inside a directional isolate, so that it cannot reorder the numbers
    beside it.
    """
    shown = "".join(_spelled(character) for character in text[: limit + 1])
    shown = shorten(shown, limit) if len(text) <= limit else shorten(shown + "…", limit)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in shown):
        return f"{ISOLATE}{shown}{END_ISOLATE}"
    return shown or "(empty)"


def shorten(text: str, limit: int) -> str:
    """``text`` itself, or its beginning and an ellipsis: ``limit`` characters at most."""
    return text if len(text) <= limit else text[: limit - 1].rstrip("…") + "…"


def _spelled(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
