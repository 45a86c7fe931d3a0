"""Texts become conditions, or errors that say where; no text at all does anything else."""

from __future__ import annotations

import contextlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.alerts.check import FUNCTIONS, check
from models.alerts.nodes import MAX_DEPTH, Node, RuleError
from models.alerts.syntax import parse
from schemas.alert_rule import MAX_TEXT
from tests.models.alerts.made import MARKET

FUZZ = int(os.environ.get("ESI_TEST_FUZZ", "2000"))


def shape(node: Node) -> object:
    """A node as nested tuples."""
    inner = tuple(map(shape, node.args))
    return (node.op, *inner) if inner else (".".join(node.path) or node.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a > 1 or b > 2 and not c", ("or", (">", "a", 1.0), ("and", (">", "b", 2.0), ("not", "c")))),
        ("(a or b) and c", ("and", ("or", "a", "b"), "c")),
        ("1 - 2 - 3 * -4 > 5", (">", ("-", ("-", 1.0, 2.0), ("*", 3.0, ("negative", 4.0))), 5.0)),
        ("a / b / c >= .5e1", (">=", ("/", ("/", "a", "b"), "c"), 5.0)),
        ("f.g['h i'][\"j\", 'k'] == 30m", ("==", "f.g.h i.j.k", 1800.0)),
        ("max(a, since close) < 1", ("<", ("call", "a", 0.0), 1.0)),
        ("true", 1.0),
        ("ordinary > 1 # a comment", (">", "ordinary", 1.0)),
        ("a\n  > 1.5h", (">", "a", 5400.0)),
    ],
)
def test_operators_bind_as_in_other_languages(text: str, wanted: object) -> None:
    assert shape(parse(text).node) == wanted


def test_for_says_how_long() -> None:
    assert parse("index > 80 for 5m").seconds == 300
    assert parse("index > 80").seconds == 0


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("", 1, 1, "it ends too early"),
        ("index >", 1, 8, "it ends too early: expected (,"),
        ("70 < index < 80", 1, 12, "compare two things at a time"),
        ("index > 80 AND final", 1, 12, "write and in small letters"),
        ("index @ 3", 1, 7, "'@' says nothing here"),
        ("index > 80 for ever", 1, 16, "expected a duration such as 5m"),
        ("index > 1\n\nand and", 3, 5, "'and' cannot stand here"),
        ("index > 99999999999999d", 1, 9, "is not between 0 and 36500d"),
        ("index > 1e999", 1, 9, "beyond all bounds"),
        ("not " * MAX_DEPTH + "final", 1, 1, f"more than {MAX_DEPTH} levels"),
        ("x" * (MAX_TEXT + 1), 1, 1, f"at most {MAX_TEXT}"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert (caught.value.place.line, caught.value.place.column) == (line, column)
    assert said in str(caught.value)


WORDS = [
    "index", "level", "high", "final", "contributions", ".", "equity", "[", "]", '"', "'", "(", ")", ",", "and", "or",
    "not", "for", "since", "close", "5m", "80", "1e9", "-", "+", "*", "/", ">", "<=", "==", "!=", " ", "\n", "#", "%",
    "true", "quantile", "0.9", "é", "\x00", "forecast", "__class__", "import", *FUNCTIONS,
]  # fmt: skip


@settings(max_examples=FUZZ, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join) | st.text(max_size=200))
def test_no_text_does_anything_but_to_be_checked_or_refused(text: str) -> None:
    said = ""
    with contextlib.suppress(RuleError):
        check(text, MARKET)
        said = "taken"
    assert said in {"", "taken"}, "anything else that is raised ends the test"


EXPRESSIONS = st.recursive(
    st.sampled_from(["index", "percentile", "contributions.equity", "3", "0.5", "5m"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=8,
)


@settings(max_examples=FUZZ // 4, deadline=None)
@given(EXPRESSIONS, st.sampled_from([">", "<=", "==", "!="]), EXPRESSIONS)
def test_every_sum_of_numbers_can_be_compared(left: str, relation: str, right: str) -> None:
    assert check(f"{left} {relation} {right} for 5m", MARKET).seconds == 300
