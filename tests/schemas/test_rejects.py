"""Rejects: headers that every client carries, rows in short, raw bytes untouched."""

from __future__ import annotations

import base64
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.rejects import REASONS, Reason, Reject, ranges


def test_codes_count_from_one_in_order() -> None:
    assert [reason.code for reason in REASONS] == list(range(1, len(REASONS) + 1))
    assert all(REASONS[reason.code - 1] is reason for reason in Reason)


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 60)))
def test_ranges_hold_exactly_the_rows(rows: set[int]) -> None:
    text = ranges(tuple(sorted(rows)))
    parts = [part.split("-") for part in text.split(",") if part]
    assert {row for part in parts for row in range(int(part[0]), int(part[-1]) + 1)} == rows


def test_long_lists_of_rows_are_cut_and_say_so() -> None:
    text = ranges(tuple(range(0, 100_000, 2)))
    assert len(text) <= 4096
    assert text.endswith(",...")
    assert dict(Reject("f", 0, 0, Reason.LATE, b"", rows=tuple(range(0, 100_000, 2))).headers())["rows"] == text


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=50), st.text(st.characters(exclude_categories=[])), st.integers(0, 2**63))
def test_headers_are_utf8_and_the_bytes_come_back(raw: bytes, note: str, offset: int) -> None:
    reject = Reject("sim", 3, offset, Reason.MALFORMED, raw, content_type=note, note=note * 50)
    headers = reject.headers()
    assert all(isinstance(value, str) and len(value.encode()) < 50_000 for _name, value in headers)
    told = json.loads(reject.as_json())
    assert base64.b64decode(told["raw"]) == raw
    assert (told["offset"], told["reason"], told["count"]) == (str(offset), "malformed", "1")


def test_a_giant_note_is_cut() -> None:
    assert len(str(dict(Reject("f", 0, 0, Reason.LATE, b"", note="x" * 10**6).headers())["note"])) == 4096
