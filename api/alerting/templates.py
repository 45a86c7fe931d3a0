"""Words of messages: Jinja2 in its sandbox, and of Jinja2 only what cannot loop, grow or reach out.

A template sees data, tests it, loops once over a list of it, and puts it through harmless filters. Calls, assignments,
macros, multiplication, loops in loops and deep nesting are refused when it is saved, and filters that make more of a
text are stopped, so its output is bounded by its own size and the data's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import jinja2
from jinja2 import filters, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_TEMPLATE: Final = 8_000
MAX_OUTPUT: Final = 64_000
MAX_DEPTH: Final = 16
"""Levels of nesting: what Jinja2 takes to compile an expression grows with the fourth power of its depth."""

MAX_VALUE: Final = 1_000_000
"""Characters that a filter may make: JSON of JSON doubles its backslashes, a join may square its text."""

_FILTERS: Final = frozenset(
    {"abs", "capitalize", "default", "d", "e", "escape", "first", "float", "int", "join", "last", "length", "lower",
     "string", "title", "tojson", "trim", "upper", "number"}
)  # fmt: skip
_TESTS: Final = frozenset({"defined", "none", "number", "string", "true", "false", "undefined", "eq", "ne"})
_ALLOWED: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.If,
    nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Add, nodes.Sub,
    nodes.Div, nodes.Neg, nodes.Filter, nodes.Test, nodes.Keyword,
)  # fmt: skip


class TemplateError(ValueError):
    """A template that cannot be used; the message says where and why."""


def _number(value: object, digits: int = 1) -> str:
    """A number with so many digits behind the point; a dash for none."""
    if not isinstance(value, int | float):
        return "-"
    return f"{value:.{min(max(int(digits), 0), 9)}f}"


def _check_size(size: int) -> None:
    """That a filter may make a text of so many characters.

    Raises:
        TemplateError: it may not.
    """
    if size > MAX_VALUE:
        msg = f"a text of {size} characters within the template: at most {MAX_VALUE}"
        raise TemplateError(msg)


@jinja2.pass_eval_context
def _joined(context: nodes.EvalContext, value: Any, between: str = "") -> Any:
    """The members of a list with something between them."""
    members = list(value)
    _check_size(sum(len(str(member)) for member in members) + len(str(between)) * max(len(members) - 1, 0))
    return filters.do_join(context, members, between)


@jinja2.pass_eval_context
def _json(context: nodes.EvalContext, value: Any) -> Any:
    """A value as JSON that HTML holds, on one line."""
    made = filters.do_tojson(context, value)
    _check_size(len(made))
    return made


def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(autoescape=html, undefined=jinja2.ChainableUndefined, cache_size=0)
    own = {"number": _number, "join": _joined, "tojson": _json}
    made.filters = {name: found for name, found in made.filters.items() if name in _FILTERS} | own
    made.globals.clear()
    return made


_PLAIN: Final = _environment(html=False)
_HTML: Final = _environment(html=True)


@lru_cache(maxsize=256)
def compiled(text: str, *, html: bool = False) -> jinja2.Template:
    """A template that was looked through.

    Raises:
        TemplateError: it is too long, no Jinja2, or does what templates may not do here.
    """
    if len(text) > MAX_TEMPLATE:
        msg = f"a template of {len(text)} characters: at most {MAX_TEMPLATE}"
        raise TemplateError(msg)
    environment = _HTML if html else _PLAIN
    try:
        _look_through(environment.parse(text))
        return environment.from_string(text)
    except jinja2.TemplateSyntaxError as error:
        msg = f"line {error.lineno}: {error.message}"
        raise TemplateError(msg) from error
    except (RecursionError, MemoryError, OverflowError, ValueError, SyntaxError) as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError("the template is nested too deeply, or holds a number beyond all bounds") from error


def render(text: str, values: dict[str, Any], *, html: bool = False) -> str:
    """What a template says of some values, cut behind 64,000 characters.

    Raises:
        TemplateError: it cannot be used, or fails on these values.
    """
    parts, size = [], 0
    try:
        for part in compiled(text, html=html).generate(values):
            size += len(part)
            parts.append(part)
            if size > MAX_OUTPUT:
                break
    except TemplateError:
        raise
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        msg = f"the template fails: {error}"
        raise TemplateError(msg) from error
    said = "".join(parts)
    return said if size <= MAX_OUTPUT else f"{said[: MAX_OUTPUT - 1]}…"


def _look_through(tree: nodes.Template) -> None:
    pending: list[tuple[nodes.Node, bool, int]] = [(tree, False, 0)]
    while pending:
        node, looping, depth = pending.pop()
        fault = _fault(node, looping) if depth <= MAX_DEPTH else f"nested more than {MAX_DEPTH} levels deep"
        if fault is not None:
            msg = f"line {node.lineno}: {fault}"
            raise TemplateError(msg)
        within = looping or isinstance(node, nodes.For)
        pending.extend((child, within, depth + 1) for child in node.iter_child_nodes())


def _fault(node: nodes.Node, looping: bool) -> str | None:
    if not isinstance(node, _ALLOWED):
        return f"{type(node).__name__.lower()} is not available in templates"
    if isinstance(node, nodes.For):
        if looping:
            return "a loop inside a loop is not available in templates"
        if node.recursive or not isinstance(node.iter, nodes.Name | nodes.Getattr):
            return "loops go over lists of the message only, such as alerts"
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        return f"there is no filter {node.name}; there are {', '.join(sorted(_FILTERS))}"
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        return f"there is no test {node.name}"
    return None
