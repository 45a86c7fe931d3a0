"""Answers splice canonical bytes and line columns up."""

from __future__ import annotations

from api.answers import Latest, encode, raw, segment_columns
from schemas.reading import Reading, canonical
from tests.api.publisher import reading


def test_bytes_are_spliced_in_as_they_are() -> None:
    body = canonical(reading("m", 1)).replace(b'"index":1.125', b'"index":1.1250')  # as another writer spells it
    latest = Latest("m", "e", "1-0", 1, raw(Reading, body), None, None)
    assert b'"reading":' + body in encode(latest)


def test_columns_are_of_equal_length_and_sorted() -> None:
    import msgspec

    changed = msgspec.structs.replace(reading("m", 2), contributions={"rates": 1.0, "equity": 2.0})
    columns = segment_columns([reading("m", 1), changed])
    assert list(columns) == ["credit", "equity", "fx", "rates"]
    assert columns["rates"] == [None, 1.0]
    assert columns["credit"] == [1.125 / 4, None]
    assert segment_columns([]) == {}
