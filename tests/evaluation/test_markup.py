"""Markup: well formed, escaped, and readable without eyes or network."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from evaluation import markup

SVG = '<svg role="img" aria-hidden="true"><path/></svg>'


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)


@pytest.mark.parametrize(
    ("value", "said"), [(None, "\N{EN DASH}"), (3, "3"), (12345, "12,345"), (0.12345, "0.123"), ("word", "word")]
)
def test_numbers_are_said_for_people(value: markup.Cell, said: str) -> None:
    assert markup.number(value) == said


def test_an_interval_stands_behind_its_number() -> None:
    assert markup.with_interval(0.5, [0.25, 0.75], 2) == "0.50 <small>[0.25, 0.75]</small>"
    assert markup.with_interval(None, None) == "\N{EN DASH}"


def test_a_table_names_its_rows_and_columns_and_says_what_it_is() -> None:
    root = parsed(markup.table("Shares: of <all>", ["series", "a & b"], [("x<y", "1"), ("z", "2")]))
    assert root.get("aria-label") == "Shares"
    assert root.findtext(".//caption") == "Shares: of <all>"
    assert [(th.get("scope"), th.text) for th in root.iterfind(".//th")] == [
        ("col", "series"), ("col", "a & b"), ("row", "x<y"), ("row", "z"),
    ]  # fmt: skip
    assert [td.text for td in root.iterfind(".//td")] == ["1", "2"]


def test_words_stand_to_the_left() -> None:
    root = parsed(markup.table("t", ["a", "b"], [("x", "word")], texts=(1,)))
    assert [e.get("class") for e in root.iterfind(".//td")] == ["text"]
    assert [e.get("class") for e in root.iterfind(".//thead//th")] == [None, "text"]


def test_a_figure_has_words_for_those_who_do_not_see_it() -> None:
    root = parsed(markup.figure(SVG, 'The "index"', "Below <b>it</b>"))
    (svg,) = root.iterfind("svg")
    assert (svg.get("aria-label"), svg.get("aria-hidden")) == ('The "index"', None)
    assert "".join(root.find("figcaption").itertext()) == "Below it"  # type: ignore[union-attr]  # it is there


def test_a_document_needs_no_network_and_no_script() -> None:
    text = markup.document("A & B", markup.section("S", markup.paragraph("a < b"), markup.fold("more", "<p>in</p>")))
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert "<title>A &amp; B</title>" in text
    assert not any(word in text for word in ("<script", "http", "src=", "@import", "url("))
    assert "<details><summary>more</summary>" in text
    assert "a &lt; b" in text
