"""The files that pages are made with besides HTML: style, scripts, an icon. Read once, and few."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
PATH = "/static/"
_MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class _File:
    media: str
    content: bytes
    packed: bytes  # gzip


class Assets:
    """Under a path with the digest of all of them, so that a browser may keep them for ever, and modules that import
    each other are of one version.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = _read(folder)
        digest = sha256()
        for name, file in sorted(self._files.items()):
            digest.update(f"{name} {len(file.content)} ".encode() + file.content)
        self._version = digest.hexdigest()[:16]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._files)

    def path(self, name: str) -> str:
        """For a page. ``KeyError`` for a file that is not there: a misspelt one is not to be found out by users."""
        if name not in self._files:
            raise KeyError(f"{name} is none of {', '.join(sorted(self._files))}")
        return f"{PATH}{self._version}/{name}"

    def answer(self, request: Request) -> Response | None:
        """``None``: no such file. One of another version is the present one, and not kept: a page of the release
        before is not left without its style while replicas are replaced.
        """
        version, _, name = request.scope["path"].removeprefix(PATH).partition("/")
        file = self._files.get(name)
        if file is None:
            return None
        headers = {
            "cache-control": _FOR_EVER if version == self._version else "no-store",
            "content-type": file.media,
            "vary": "accept-encoding",
        }
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.content, headers=headers)
        return Response(file.packed, headers={**headers, "content-encoding": "gzip"})


def _read(folder: Path) -> Mapping[str, _File]:
    """What a browser asks for; licences and the like stay where they are."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in _MEDIA:
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            found[name] = _File(_MEDIA[path.suffix], content, gzip.compress(content, mtime=0))
    return found
