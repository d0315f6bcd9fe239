"""Where the SQL for ClickHouse comes from: files, and nothing that was put together with text from outside."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.statements import statement

PACKAGE = Path(__file__).parents[2] / "o11y"
#: the spool speaks to SQLite, from the same files as its schema; its values are bound with ``?``
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "spool" not in path.relative_to(PACKAGE).parts)
_SQL = re.compile(r"\s*(SELECT|INSERT|CREATE|ALTER|DROP|DELETE|UPDATE|WITH|TRUNCATE|SYSTEM|OPTIMIZE|SET|USE)\s+\S")
#: the whole of the SQL in Python: without a value in it, or with an identifier that was checked to be plain
ALLOWED = {"SELECT 1", "SYSTEM JEMALLOC PURGE", "CREATE DATABASE IF NOT EXISTS {self.database}"}
_ASKING = ("query", "command", "raw_insert", "raw_query", "insert")


def texts(tree: ast.AST) -> Iterator[str]:
    """String literals, docstrings aside; an f-string with its expressions in braces."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"  # type: ignore[attr-defined]
                for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def assembled(tree: ast.AST) -> Iterator[str]:
    """Calls that ask a database with a text that is put together on the spot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ASKING:
            sql = node.args[0] if node.args else None
            formatted = (
                isinstance(sql, ast.Call)
                and isinstance(sql.func, ast.Attribute)
                and sql.func.attr in ("format", "join")
            )
            if formatted or isinstance(sql, ast.JoinedStr | ast.BinOp):
                yield ast.unparse(node)


def parsed(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_sql_is_in_sql_files() -> None:
    found = {text for path in SOURCES for text in texts(parsed(path)) if _SQL.match(text)}
    assert found <= ALLOWED


def test_nobody_puts_a_statement_together_where_it_is_asked() -> None:
    found = [call for path in SOURCES for call in assembled(parsed(path))]
    assert [call for call in found if "CREATE DATABASE IF NOT EXISTS" not in call] == []


@pytest.mark.parametrize("name", ["a b", "o11y; DROP DATABASE o11y", "o11y`", "", "1a", "a.b", "a\n", "ö11y"])
def test_the_one_identifier_that_is_spliced_in_is_plain(name: str) -> None:
    with pytest.raises(ValueError, match="not a plain identifier"):
        ClickHouse(lambda: None, database=name, place="nowhere")  # type: ignore[arg-type,return-value]


def test_a_template_without_its_parts_is_an_error_and_no_statement() -> None:
    with pytest.raises(KeyError):
        statement("bad_events", {"scope": "true"})


@pytest.mark.parametrize(
    "careless",
    [
        'ch.query(f"SELECT {name}")',
        'ch.command("DROP TABLE " + name)',
        'ch.query("SELECT {}".format(name))',
        'ch.query("SELECT %s" % name)',
        'ch.query(" ".join(parts))',
    ],
)
def test_the_check_sees_what_is_put_together(careless: str) -> None:
    assert list(assembled(ast.parse(careless)))


def test_the_check_sees_sql_in_an_f_string() -> None:
    assert list(texts(ast.parse('f"SELECT {name}"'))) == ["SELECT {name}"]
