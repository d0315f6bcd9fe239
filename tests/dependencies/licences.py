"""``python -m tests.dependencies.licences``: writes ``docs/licences.md`` from what the installed packages declare."""

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata

from tests.dependencies.lock import ROOT, pinned

PAGE = ROOT / "docs" / "licences.md"
ACCEPTED = frozenset({"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "PSF-2.0", "Zlib"})
#: copyleft of single files: used unmodified, from their own packages, it asks nothing of who uses o11y
OF_FILES = frozenset({"MPL-2.0"})
#: packages that this machine does not install, since the lock has them for other systems or Pythons
ELSEWHERE = {"async-timeout": "Apache-2.0"}
#: packages whose metadata says less than the licence file that they bring
SAID_ELSEWHERE = {"itsdangerous": "BSD-3-Clause", "jinja2": "BSD-3-Clause", "lz4": "BSD-3-Clause"}

#: files of others that come inside of o11y, unmodified, each beside its licence
VENDORED_IN = ROOT / "o11y" / "web" / "static" / "vendor"
VENDORED = {"idiomorph": ("0.8.0", "0BSD"), "uPlot": ("1.6.32", "MIT")}
#: and those that only tests use
TESTING_WITH_IN = ROOT / "tests" / "browser" / "vendor"
TESTING_WITH = {"axe-core": ("4.14.1", "MPL-2.0")}

_WORDS = {
    "MIT License": "MIT",
    "The MIT License (MIT)": "MIT",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License (ISCL)": "ISC",
}
_HEAD = """\
# Licences of what o11y installs

The packages of `requirements.lock` (every extra) by what they declare; o11y itself is MIT. Written by
`python -m tests.dependencies.licences`; the tests compare it with the lock, and refuse a licence of another kind.
MPL-2.0 covers the files of those packages alone, which o11y uses unmodified.

| package | licence |
|---|---|
"""

_TESTING_HEAD = """
## In the tests alone

Unmodified too, and not in the package that is installed (`tests/browser/vendor`).

| script | version | licence |
|---|---|---|
"""

_VENDORED_HEAD = """
## Inside of the package

Scripts of the dashboard (`o11y/web/static/vendor`), unmodified, each with its licence beside it.

| script | version | licence |
|---|---|---|
"""


class Undeclared(Exception):
    """The text names the package, and what it declares instead of a licence."""


def licence_of(package: str) -> str:
    """An SPDX expression. Raises ``Undeclared``."""
    try:
        found = metadata(package)
    except PackageNotFoundError:
        if package in ELSEWHERE:
            return ELSEWHERE[package]
        raise Undeclared(f"{package} is not installed here; name its licence in ELSEWHERE") from None
    for text in _declared(package, found):
        expression = _WORDS.get(text, text)
        if set(terms(expression)) <= ACCEPTED | OF_FILES:
            return expression
    raise Undeclared(f"{package} declares {list(_declared(package, found))}")


def _declared(package: str, found: PackageMetadata) -> Iterator[str]:
    """The most exact first."""
    if package in SAID_ELSEWHERE:
        yield SAID_ELSEWHERE[package]
    if "License-Expression" in found:
        yield found["License-Expression"]
        return  # the others are of old then
    if "License" in found:
        yield found["License"].splitlines()[0].strip()
    for classifier in found.get_all("Classifier") or []:
        if classifier.startswith("License :: "):
            yield classifier.rpartition(" :: ")[2]


def terms(expression: str) -> Iterator[str]:
    """The licences of an SPDX expression; every one of them has to be acceptable, also where there is a choice."""
    return (word for word in re.split(r"\s+(?:AND|OR|WITH)\s+|[()]", expression) if word.strip())


def page() -> str:
    packages = "".join(f"| {name} | {licence_of(name)} |\n" for name in sorted(pinned()))
    return _HEAD + packages + _VENDORED_HEAD + _scripts(VENDORED) + _TESTING_HEAD + _scripts(TESTING_WITH)


def _scripts(vendored: Mapping[str, tuple[str, str]]) -> str:
    return "".join(f"| {name} | {version} | {licence} |\n" for name, (version, licence) in vendored.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
