"""Where a secret meets a stranger's guess, ``==`` would tell by its time how much of it was right."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "o11y"
#: the code that sees what strangers send, and the secrets themselves
GUARDED = sorted(
    [
        *(PACKAGE / "http").rglob("*.py"),
        *(PACKAGE / "commands").rglob("*.py"),
        PACKAGE / "settings.py",
        PACKAGE / "credentials.py",
        PACKAGE / "kept_secrets.py",
    ],
    key=str,
)
_SECRET = re.compile(r"(?i)secret|token|digest|password|api_key|credential")
_REVEALING = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def revealing(source: str) -> Iterator[str]:
    """The comparisons with an operand that is named like a secret."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, _REVEALING) for op in node.ops):
            if any(_SECRET.search(_name(operand)) for operand in (node.left, *node.comparators)):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and _name(node.func) in ("startswith", "endswith", "index", "find"):
            subject = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            if any(_SECRET.search(_name(part)) for part in (subject, *node.args)):
                yield ast.unparse(node)


def _name(node: ast.AST) -> str:
    """What a reader would call this value; '' for a literal, and for the result of a function such as ``len``."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value) | ast.Await(value=value) | ast.Starred(value=value):
            return _name(value)
        case ast.Call(func=ast.Attribute(value=value, attr="encode" | "decode" | "strip" | "digest" | "hexdigest")):
            return _name(value) or "digest"
        case ast.Call(func=ast.Attribute(attr="get_secret_value")):
            return "secret"
    return ""


@pytest.mark.parametrize("path", GUARDED, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_secret_is_compared_in_a_way_that_tells_how_close_a_guess_came(path: Path) -> None:
    assert list(revealing(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "careless",
    [
        "secret == given",
        "if self._token != header: ...",
        "given in secrets",
        "sha256(given).digest() == known",
        "settings.api_key.get_secret_value() == given",
        "given.strip().encode() == wanted_secret",
        "secret.startswith(given)",
    ],
)
def test_the_check_sees_careless_comparisons(careless: str) -> None:
    assert list(revealing(careless))


@pytest.mark.parametrize("careful", ["hmac.compare_digest(secret, given)", "len(secrets) != 2", "secret is None"])
def test_the_check_lets_careful_ones_be(careful: str) -> None:
    assert list(revealing(careful)) == []
