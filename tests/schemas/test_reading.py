"""Readings: times come back, hashes cover everything, decoders raise one kind of error."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.reading import canonical, decode_reading, entry_id, parse_rfc3339, rfc3339, seal

RAW = (Path(__file__).parent / "v1" / "reading.json").read_bytes()


@settings(max_examples=100, deadline=None)
@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_times_come_back(at_us: int) -> None:
    assert parse_rfc3339(rfc3339(at_us)) == at_us


@pytest.mark.parametrize("wrong", ["", "yesterday", "2024-05-01T12:00:00", "2024-13-01T12:00:00Z"])
def test_what_is_no_time_is_a_value_error(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"time zone|isoformat|month"):
        parse_rfc3339(wrong)


def test_ids_tell_finals_from_provisional_readings() -> None:
    assert (entry_id(1_234_567, final=True), entry_id(1_234_567, final=False)) == ("1234-1", "1234-0")


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 100), st.text(max_size=10))
def test_a_hash_covers_what_is_said_and_what_was_before(index: float, market: str) -> None:
    reading = msgspec.structs.replace(decode_reading(RAW), index=index, market=market)
    sealed = seal(reading, "a")
    assert decode_reading(canonical(sealed)) == sealed == seal(sealed, "a")
    assert (
        len({sealed.hash, seal(reading, "b").hash, seal(msgspec.structs.replace(reading, coverage=0.5), "a").hash}) == 3
    )


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.integers(0, len(RAW) - 1).map(lambda n: RAW[:n])))
def test_what_is_no_reading_is_a_decode_error(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_reading(raw)


@pytest.mark.parametrize("raw", [b'{"market":"\xff"}', b'{"x":' + b"[" * 5000])
def test_broken_text_and_deep_nesting_are_decode_errors(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_reading(raw)
