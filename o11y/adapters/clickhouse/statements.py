"""The SQL of o11y, from its ``.sql`` files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template


@dataclass(frozen=True, slots=True)
class Migration:
    """``0002_rollups.sql`` is version 2, name ``0002_rollups``. The checksum is of its text."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> tuple[str, ...]:
        """A statement ends with a semicolon at the end of a line."""
        return tuple(part.strip() for part in f"{self.text}\n".split(";\n") if part.strip())


def statement(name: str, parts: Mapping[str, str] | None = None) -> str:
    """The text of ``queries/<name>.sql``, its ``$placeholders`` filled with SQL of our own making.

    Values never come this way: they are ``{name:Type}`` parameters, bound by ClickHouse.
    """
    text = _query_text(name)
    return Template(text).substitute(parts) if parts is not None else text


def migrations() -> tuple[Migration, ...]:
    """All of them, oldest first."""
    found = []
    for file in files("o11y").joinpath("sql", "migrations").iterdir():
        if file.name.endswith(".sql"):
            name = file.name.removesuffix(".sql")
            found.append(Migration(int(name.partition("_")[0]), name, file.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))


@cache
def _query_text(name: str) -> str:
    return files("o11y").joinpath("sql", "queries", f"{name}.sql").read_text(encoding="utf-8").strip()
