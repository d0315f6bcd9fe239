"""Paths of our own: whether a text is one, what is in one, and where the pages of things are."""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from o11y.alerting.dashboard_address import EVERY, MARKS, dimension_path
from o11y.slo.dimension import Dimension

__all__ = ["PathPattern", "dimension_in", "dimension_path", "own_path"]

_LONGEST = 2_048
# "//evil" and "/\evil" are other hosts to a browser, and so is either with a tab or a line break inside.
_OWN = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_NAME = re.compile(r"\{([a-z_]+)\}")


def own_path(text: str) -> str | None:
    """``text`` when it leads to a page of ours, whatever a browser makes of it; else ``None``."""
    return text if len(text) <= _LONGEST and _OWN.fullmatch(text) else None


class PathPattern:
    """``/d/{client}/{model}``: each name takes one part of the path as it was sent, and is percent-decoded only then.

    So a name may have slashes, as ids of models do.
    """

    def __init__(self, path: str) -> None:
        fixed = [re.escape(quote(text)) for text in _NAME.split(path)[::2]]
        names = [f"(?P<{name}>[^/]+)" for name in _NAME.findall(path)]
        self._pattern = re.compile("".join(part for pair in zip(fixed, [*names, ""], strict=True) for part in pair))

    def match(self, raw_path: str) -> dict[str, str] | None:
        """The names' values; ``None`` for another path, and for one that is not UTF-8."""
        found = self._pattern.fullmatch(raw_path)
        if found is None:
            return None
        try:
            return {name: unquote(value, errors="strict") for name, value in found.groupdict().items()}
        except UnicodeDecodeError:
            return None


def dimension_in(in_path: Mapping[str, str]) -> Dimension:
    """Of a path's ``client``, ``provider`` and ``model``, as ``Visit.in_path`` has them."""
    client, provider, model = (_name_of(in_path[name]) for name in ("client", "provider", "model"))
    return Dimension(client, provider, model)


def _name_of(part: str) -> str | None:
    if part == EVERY:
        return None
    return part[1:] if part[0] == EVERY and MARKS.fullmatch(part) else part
