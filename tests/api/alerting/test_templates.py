"""Templates say something, and nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.alerting.templates import MAX_OUTPUT, MAX_TEMPLATE, TemplateError, render

VALUES: dict[str, Any] = {
    "name": "<b>",
    "alerts": [{"rule": "a", "value": 1.234}, {"rule": "b", "value": None}],
    "n": 3,
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ name }}", "<b>"),
        ("{% for alert in alerts %}{{ alert.rule }}={{ alert.value|number(2) }};{% endfor %}", "a=1.23;b=-;"),
        ("{% if n > 2 and not missing %}yes{% else %}no{% endif %}", "yes"),
        ("{{ nobody.at.all }}", ""),
        ("{{ alerts|length }} {{ name|upper }} {{ (n + 1) / 2 }}", "2 <B> 2.0"),
        ("{{ 'x' if n is defined else 'y' }}", "x"),
    ],
)
def test_what_is_allowed(text: str, said: str) -> None:
    assert render(text, VALUES) == said


@pytest.mark.parametrize(
    "text", ["{{ ''.__class__.__mro__ }}", "{{ alerts.__len__ }}", "{{ name.__init__.__globals__ }}"]
)
def test_the_insides_of_python_are_not_shown(text: str) -> None:
    assert render(text, VALUES) == ""


def test_html_is_escaped() -> None:
    assert render("{{ name }}", VALUES, html=True) == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% for a in alerts %}{% for b in alerts %}x{% endfor %}{% endfor %}", "a loop inside a loop"),
        ("{% for i in range(10**9) %}{% endfor %}", "loops go over lists of the message"),
        ("{% for a in alerts recursive %}{{ loop(alerts) }}{% endfor %}", "loops go over lists|call is not"),
        ("{{ 'x' * 1000000000 }}", "mul is not available"),
        ("{{ 2 ** 99999999 }}", "pow is not available"),
        ("{{ name ~ name }}", "concat is not available"),
        ("{{ name.upper() }}", "call is not available"),
        ("{{ '%1000000000d' % n }}", "mod is not available"),
        ("{% set x = 1 %}", "assign is not available"),
        ("{% macro m() %}{% endmacro %}", "macro is not available"),
        ("{% include 'x' %}", "include is not available"),
        ("{% import 'x' as y %}", "import is not available"),
        ("{{ name|center(1000000000) }}", "no filter named 'center'|there is no filter center"),
        ("{{ n|round(999999999, 'floor') }}", "no filter named 'round'|there is no filter round"),
        ("{{ n is divisibleby 2 }}", "there is no test divisibleby"),
        ("line\n{{ name", "line 2"),
        ("{{ " + "+".join("n" * 300) + " }}", "nested more than 16 levels deep"),
        ("{{ " + "not " * 20 + "n }}", "nested more than 16 levels deep"),
        ("{{ n" + "|abs" * 20 + " }}", "nested more than 16 levels deep"),
        ("{% if n %}" * 20 + "x" + "{% endif %}" * 20, "nested more than 16 levels deep"),
        ("{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}", "nested too deeply|too many nested"),
        ("{{ " + "9" * 6_000 + " }}", "beyond all bounds"),
        ("x" * (MAX_TEMPLATE + 1), "at most 8000"),
    ],
)
def test_what_is_refused_says_so_at_once(text: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        render(text, VALUES)


def test_a_long_output_is_cut_off() -> None:
    said = render("{% for a in alerts %}" + "x" * 7_000 + "{% endfor %}", {"alerts": list(range(1_000_000))})
    assert len(said) == MAX_OUTPUT
    assert said.endswith("x…")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ '" + "a" * 1_000 + "'|join('" + "b" * 1_000 + "')|join('" + "c" * 400 + "') }}", "at most 1000000"),
        ("{{ alerts|join('" + "b" * 7_000 + "')|join('" + "b" * 500 + "')|length }}", "at most 1000000"),
        ("{{ '" + '"' * 1_000 + "'" + "|tojson" * 13 + " }}", "at most 1000000"),
        ("{{ alerts|tojson(indent=500000000) }}", "unexpected keyword argument 'indent'"),
    ],
)
def test_filters_make_no_endless_text(text: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        render(text, {"alerts": list(range(20))})


@pytest.mark.parametrize(("html", "between"), [(False, "a & b"), (True, "a &amp; b")])
def test_what_filters_make_of_lists(*, html: bool, between: str) -> None:
    assert render("{{ alerts|join(' & ') }}", {"alerts": ["a", "b"]}, html=html) == between
    assert render("{{ alerts|tojson }}", {"alerts": ["a", 1]}, html=html) == '["a", 1]'


def test_a_template_that_fails_on_its_values_says_so() -> None:
    with pytest.raises(TemplateError, match="the template fails"):
        render("{{ n / 0 }}", VALUES)


PIECES = [
    "{{",
    "}}",
    "{%",
    "%}",
    "for",
    "in",
    "alerts",
    "name",
    "|",
    "upper",
    "if",
    "endif",
    "endfor",
    "'",
    "(",
    ")",
    "n",
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join) | st.text(max_size=100))
def test_no_text_does_anything_but_to_be_said_or_refused(text: str) -> None:
    try:
        said: str | None = render(text, VALUES)
    except TemplateError:
        said = None
    assert said is None or len(said) <= MAX_OUTPUT
