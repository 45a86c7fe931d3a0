"""What is put into the text of a query is a constant of its module; values go beside it, as parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
MODULES = [path for path in sorted((CHECKOUT / "api").rglob("*.py")) if "migrations" not in path.parts]
QUERY = re.compile(r"^\s*(\(?SELECT|INSERT|UPDATE|DELETE|WITH|ALTER|CREATE|DROP|GRANT|SET)\b")
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*(\[\w+\])?")
"""A constant, or the entry of a table of constants."""


def pieces(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and source of everything that f-strings of queries put in."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        text = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        if QUERY.match(text):
            yield from (
                (node.lineno, ast.unparse(part.value)) for part in node.values if isinstance(part, ast.FormattedValue)
            )


def literals(tree: ast.AST) -> set[str]:
    """Names that only ever hold text written in the source: annotated `LiteralString` where they are made."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            texts = {type(part) for part in ast.walk(node.value)} if node.value is not None else set()
            if ast.unparse(node.annotation) == "LiteralString" and not texts & {ast.Call, ast.Attribute}:
                found.add(node.target.id)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_queries_are_made_of_constants(path: Path) -> None:
    tree = ast.parse(path.read_text())
    known = literals(tree)
    wrong = [(line, name) for line, name in pieces(tree) if not CONSTANT.fullmatch(name) and name not in known]
    assert not wrong, f"{path.name}: put values beside the query, as parameters: {wrong}"


def test_it_sees_a_value_in_a_query() -> None:
    """So that the test above cannot pass for want of something to look at."""
    tree = ast.parse('def f(market):\n    return f"SELECT a FROM b WHERE c = {market} AND {_BETWEEN}"')
    assert [name for _, name in pieces(tree)] == ["market", "_BETWEEN"]
    assert sum(len(list(pieces(ast.parse(path.read_text())))) for path in MODULES) > 15
