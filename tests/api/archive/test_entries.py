"""Entries become rows, or refusals with a reason; nothing raises."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.archive.entries import Channel, Refusal, Row, Stream, batch, decode
from schemas.reading import canonical
from tests.api.archive import market as flow

GOOD = canonical(flow.reading("a", flow.FIRST_US + 250_001, True))


def test_a_reading_gives_its_columns_and_its_bytes_unchanged() -> None:
    row = decode("readings", (flow.FIRST_US // 1000, 1), {b"reading": GOOD, b"sent_ns": b"17", b"new": b"field"})
    assert isinstance(row, Row)
    assert row.at == datetime(2013, 10, 7, 13, 30, 0, 250_001, UTC)
    assert row.columns is not None
    assert (row.body, row.sent_ns) == (GOOD, 17)
    assert (row.columns.final, row.columns.index, row.columns.percentile, row.columns.coverage) == (
        True,
        41.5,
        None,
        0.9,
    )


@pytest.mark.parametrize(
    ("reason", "position", "fields"),
    [
        ("deleted", (1, 0), None),
        ("no_body", (1, 0), {b"x": b"\xff\x00"}),
        ("malformed", (1, 0), {b"reading": b""}),
        ("malformed", (1, 0), {b"reading": b'{"at": "2013-10-07T13:30:00Z"}'}),
        ("malformed", (1, 0), {b"reading": GOOD.replace(b"41.5", b"NaN")}),
        ("malformed", (1, 0), {b"reading": b'{"at":"\xff"}'}),
        ("malformed", (1, 0), {b"reading": b'{"x":' + b"[" * 100_000}),
        ("bad_time", (1, 0), {b"reading": GOOD.replace(b"2013", b"nine")}),
        ("bad_time", (1, 0), {b"reading": GOOD.replace(b"Z\"", b"\"")}),
        ("bad_sent_ns", (1, 0), {b"reading": GOOD, b"sent_ns": b"soon"}),
        ("bad_sent_ns", (1, 0), {b"reading": GOOD, b"sent_ns": b"9" * 30}),
        ("bad_id", (2**63, 0), {b"reading": GOOD}),
        ("bad_id", (1, 2**31), {b"reading": GOOD}),
    ],
)  # fmt: skip
def test_what_cannot_be_archived_has_a_reason(
    reason: str, position: tuple[int, int], fields: dict[bytes, bytes] | None
) -> None:
    refusal = decode("readings", position, fields)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason


@given(
    st.sampled_from(["readings", "bars", "details"]),
    st.dictionaries(st.sampled_from([b"reading", b"bars", b"details", b"sent_ns"]), st.binary() | st.just(GOOD)),
)
def test_any_fields_give_a_row_or_a_refusal(channel: Channel, fields: dict[bytes, bytes]) -> None:
    assert decode(channel, (1, 0), fields).id == (1, 0)


def test_a_batch_ends_behind_its_last_entry_even_if_that_is_refused() -> None:
    stream = Stream("esi:a:readings", "a", "readings")
    made = batch(stream, "e", [((1, 0), {b"reading": GOOD}), ((2, 0), {})])
    assert ([row.id for row in made.rows], [r.id for r in made.refusals], made.last) == ([(1, 0)], [(2, 0)], (2, 0))
    assert batch(stream, "e", [((2**64 - 1, 2**64 - 1), {})]).last == (2**63 - 1, 2**63 - 1)
