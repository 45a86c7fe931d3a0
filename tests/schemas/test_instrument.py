"""Instruments: what a market file says of them, and what it need not say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.duration import DAY_US
from schemas.instrument import Instrument


def test_a_name_is_enough() -> None:
    plain = Instrument(name="SPX")
    assert (plain.kind, plain.lag, plain.covers, plain.calendar, plain.source) == ("price", 0, "day", None, {})


def test_a_release_says_when_it_is_public_and_where_it_is_found() -> None:
    said = {"name": "UNRATE", "kind": "rate", "lag": "38d", "covers": "month", "source": {"fred": "UNRATE"}}
    release = Instrument.model_validate(said)
    assert (release.lag, release.covers, release.source) == (38 * DAY_US, "month", {"fred": "UNRATE"})


@pytest.mark.parametrize("wrong", [{"covers": "year"}, {"kind": "bond"}, {"source": {"a b": "x"}}, {"lag": "-1d"}])
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Instrument.model_validate({"name": "X"} | wrong)
