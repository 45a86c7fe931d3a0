"""Readings in little room: what fits is unchanged, what does not says less, and says it right."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.fitting import fitted
from schemas.market import Market
from schemas.market_file import load
from schemas.reading import Change, Reading, Staleness, canonical, decode_reading, rfc3339, seal

LONG = -0.0012345678901234567
"""A number with as many signs as a number can have, before and after it is shortened."""


def worst(market: Market, number: float = LONG) -> Reading:
    """A final of a market with nothing left out and every number as long as can be."""
    parts = {segment.name: number for segment in market.segment}
    at = rfc3339(1_602_540_000_000_000)
    plain = Reading(
        f"{market.name}@99~a-run", at, True, number, number, "elevated", market.form, parts,
        dict.fromkeys(market.forms_at(final=True), number), Change(at, number, parts, number, number), number,
        Staleness(number, 99), ["degraded", "no_data", "synthetic"], "1-2-524b2835", number, "2019-09-17", "2013-06-24",
    )  # fmt: skip
    return seal(plain, "9" * 64)


def test_what_fits_is_unchanged() -> None:
    body = canonical(worst(load("us")))
    assert fitted(body, len(body)) is body


@pytest.mark.parametrize("name", ["us", "us-open", "sim", "week"])
@pytest.mark.parametrize("room", [300, 500, 700, 830])
def test_what_does_not_fit_says_less_of_the_same(name: str, room: int) -> None:
    reading = worst(load(name))
    short = decode_reading(fitted(canonical(reading), room))
    assert (short.at, short.final, short.level, short.flags) == (reading.at, True, reading.level, reading.flags)
    assert short.index == pytest.approx(reading.index, rel=5e-6, abs=5e-7)
    assert short.contributions == pytest.approx(reading.contributions, rel=5e-6, abs=5e-7)
    if short.change is not None:
        assert short.change.level == pytest.approx(reading.change.level, rel=5e-6, abs=5e-7)  # type: ignore[union-attr]


def test_it_is_left_out_in_order_until_it_fits() -> None:
    body = canonical(worst(load("us")))
    left: list[tuple[bool, bool, bool]] = []
    for room in range(len(body), 300, -1):
        short = fitted(body, room)
        said = decode_reading(short)
        left.append((bool(said.hash), bool(said.forms), said.change is not None))
        assert len(short) <= room or said.change is None
    assert list(dict.fromkeys(left)) == [
        (True, True, True), (False, True, True), (False, False, True), (False, False, False)
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.floats(-100, 100))
def test_numbers_keep_six_digits(number: float) -> None:
    body = canonical(worst(load("us"), number))
    short = decode_reading(fitted(body, len(body) - 1))
    assert short.index == round(float(f"{number:.6g}"), 6) or len(fitted(body, len(body) - 1)) == len(body)


def test_fields_of_a_later_release_stay() -> None:
    later = json.loads(canonical(worst(load("us")))) | {"regime": {"calm": 0.123456789}}
    body = msgspec.json.encode(later)
    assert json.loads(fitted(body, len(body) - 1))["regime"] == {"calm": 0.123457}


@pytest.mark.parametrize("body", [b"not json at all", b"[1.2345678]", b'{"a":"\xff"}', b"[" * 5000])
def test_what_is_no_reading_stays_as_it_is(body: bytes) -> None:
    assert fitted(body, 3) == body
