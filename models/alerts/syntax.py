"""Reads the rule language: text in, nodes out. The grammar stands in `grammar.lark`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from models.alerts.nodes import MAX_DEPTH, NOWHERE, Condition, Node, Place, RuleError
from schemas.alert_rule import MAX_TEXT
from schemas.duration import microseconds

_SECOND_US: Final = 1_000_000
_COMPARISONS: Final = frozenset({"==", "!=", ">=", "<=", ">", "<"})

_WORDS: Final = {
    "NAME": "a name", "NUMBER": "a number", "DURATION": "a duration such as 5m", "STRING": "a name in quotes",
    "TRUTH": "true or false", "COMPARE": "a comparison such as >", "SIGN": "+ or -", "SCALE": "* or /",
    "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "COMMA": "a comma", "DOT": "a dot", "FOR": "for", "OR": "or",
    "AND": "and", "NOT": "not", "SINCE": "since", "CLOSE": "close", "$END": "the end",
}  # fmt: skip


def parse(text: str) -> Condition:
    """The condition that a text says.

    Raises:
        RuleError: it is no condition; the message shows where.
    """
    if len(text) > MAX_TEXT:
        fault = f"{len(text)} characters: at most {MAX_TEXT} are read"
        raise RuleError(fault, NOWHERE)
    try:
        condition: Condition = _parser().parse(text)  # type: ignore[assignment]  # its transformer gives one
    except VisitError as error:
        raise _told(error.orig_exc, text) from error
    except (UnexpectedInput, RuleError) as error:
        raise _told(error, text) from error
    return condition


@cache
def _parser() -> Lark:
    grammar = files("models.alerts").joinpath("grammar.lark").read_text()
    return Lark(grammar, parser="lalr", lexer="basic", transformer=_Builder())


def _told(error: Exception, text: str) -> Exception:
    if isinstance(error, RuleError):
        return error.within(text)
    if isinstance(error, UnexpectedCharacters):
        place = Place(error.line, error.column)
        return RuleError(f"{error.char!r} says nothing here", place, text)
    if isinstance(error, UnexpectedToken):
        return _unexpected(error, text)
    return error


def _unexpected(error: UnexpectedToken, text: str) -> RuleError:
    token = error.token
    if token.type == "$END":
        lines = text.splitlines() or [""]
        return RuleError(f"it ends too early: {_expected(error)}", Place(len(lines), len(lines[-1]) + 1), text)
    place = _place(token)
    if token.type == "COMPARE":
        return RuleError("compare two things at a time: 70 < index and index < 80", place, text)
    if token.type == "NAME" and str(token).lower() in {"and", "or", "not", "for"}:
        return RuleError(f"write {str(token).lower()} in small letters", place, text)
    return RuleError(f"{str(token)!r} cannot stand here: {_expected(error)}", place, text)


def _expected(error: UnexpectedToken) -> str:
    names = sorted({_WORDS.get(name, name) for name in error.accepts or error.expected})
    return f"expected {', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else f"expected {''.join(names)}"


def _place(token: Token) -> Place:
    return Place(token.line or 1, token.column or 1, len(token))


def _made(op: str, args: tuple[Node, ...], token: Token, **rest: Any) -> Node:
    """A node, unless the nesting is too deep."""
    depth = 1 + max((arg.depth for arg in args), default=0)
    if depth > MAX_DEPTH:
        fault = f"nested more than {MAX_DEPTH} levels deep"
        raise RuleError(fault, _place(token))
    return Node(op, args, place=_place(token), depth=depth, **rest)


def _seconds(token: Token) -> float:
    try:
        return microseconds(str(token)) / _SECOND_US
    except ValueError as error:
        raise RuleError(str(error), _place(token)) from error


class _Builder(Transformer[Token, Any]):
    """Nodes of what the grammar finds, from the inside out, so that no depth of nesting needs a stack."""

    def start(self, items: list[Any]) -> Condition:
        return Condition(items[0], 0.0)

    def lasting(self, items: list[Any]) -> Condition:
        return Condition(items[0], _seconds(items[2]))

    def binary(self, items: list[Any]) -> Node:
        left, token, right = items
        return _made(str(token), (left, right), token)

    def unary(self, items: list[Any]) -> Node:
        token, inner = items
        return inner if token == "+" else _made("negative" if token == "-" else "not", (inner,), token)

    def number(self, items: list[Token]) -> Node:
        value = float(items[0])
        if abs(value) > 1e300:
            raise RuleError("a number beyond all bounds", _place(items[0]))
        return _made("number", (), items[0], value=value)

    def duration(self, items: list[Token]) -> Node:
        return _made("duration", (), items[0], value=_seconds(items[0]))

    def truth(self, items: list[Token]) -> Node:
        return _made("truth", (), items[0], value=float(items[0] == "true"))

    def call(self, items: list[Any]) -> Node:
        token, *arguments = items
        return _made("call", tuple(a for a in arguments if a is not None), token, path=(str(token),))

    def field(self, items: list[Any]) -> Node:
        token, *parts = items
        path = (str(token), *(name for part in parts for name in part))
        return _made("field", (), token, path=path)

    def since_close(self, items: list[Token]) -> Node:
        return _made("since_close", (), items[0])

    def dotted(self, items: list[Token]) -> tuple[str, ...]:
        return (str(items[0]),)

    def keyed(self, items: list[Token]) -> tuple[str, ...]:
        return tuple(str(item)[1:-1] for item in items)
