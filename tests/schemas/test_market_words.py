"""The words of market files: what names and texts may hold."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.market_words import Name, Slug, Strict, Text


@pytest.mark.parametrize("name", ["SPY", "EUR/USD", "BTC-USD", "BRK.B", "GCZ3=F", "x" * 64])
def test_names_of_instruments_as_exchanges_spell_them_are_taken(name: str) -> None:
    assert TypeAdapter(Name).validate_python(name) == name


@pytest.mark.parametrize("name", ["", " SPY", "a b", "a~b", "a\x00b", "x" * 65, "-a"])
def test_other_names_are_not(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


def test_a_slug_cannot_spell_the_mark_of_a_run() -> None:
    assert TypeAdapter(Slug).validate_python("us-open") == "us-open"
    with pytest.raises(ValidationError):
        TypeAdapter(Slug).validate_python("us--open")


def test_text_keeps_tabs_and_lines_out_of_terminals() -> None:
    assert TypeAdapter(Text).validate_python("per cent, \u00fcber") == "per cent, \u00fcber"
    with pytest.raises(ValidationError):
        TypeAdapter(Text).validate_python("bell \x07")


def test_a_table_is_frozen_and_knows_its_fields() -> None:
    class Table(Strict):
        x: float = 0.0

    with pytest.raises(ValidationError, match="extra"):
        Table.model_validate({"y": 1})
    with pytest.raises(ValidationError, match="finite"):
        Table.model_validate({"x": float("inf")})
    with pytest.raises(ValidationError, match="frozen"):
        Table().x = 1.0  # type: ignore[misc] # that is the point
