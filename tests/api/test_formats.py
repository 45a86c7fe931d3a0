"""Tables of readings; that they agree with JSON is proved in test_routes."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest

from api.formats import Format, UnknownSegmentError, encode_table, table_writer
from api.streams import Entry, Id
from schemas.reading import Reading, canonical
from tests.api.publisher import reading


def entry(value: Reading, number: int) -> Entry:
    return Entry(Id(number, int(value.final)), canonical(value), 1)


def test_no_information_is_empty_and_not_zero() -> None:
    import msgspec

    silent = msgspec.structs.replace(reading("m", 1), index=None, percentile=None, contributions={})
    entries = [entry(silent, 1), entry(reading("m", 2), 2)]
    rows = list(csv.DictReader(io.StringIO(encode_table(entries, "csv").decode())))
    assert (rows[0]["index"], rows[0]["percentile"], rows[0]["contribution.equity"]) == ("", "", "")
    table = pa.ipc.open_stream(encode_table(entries, "arrow")).read_all()
    assert table["index"].to_pylist() == [None, 2.125]
    assert table["contribution.equity"].to_pylist() == [None, 1.0625]
    assert table.schema.field("at").type == pa.timestamp("us", tz="UTC")


def test_floats_come_back_exactly() -> None:
    import msgspec

    odd = [0.1 + 0.2, 1e-300, 5e-324, 1 / 3, 100.0]
    entries = [entry(msgspec.structs.replace(reading("m", n), index=value), n) for n, value in enumerate(odd)]
    rows = list(csv.DictReader(io.StringIO(encode_table(entries, "csv").decode())))
    assert [float(row["index"]) for row in rows] == odd


def test_csv_is_quoted_where_it_must_be() -> None:
    import msgspec

    strange = msgspec.structs.replace(reading("m", 1), version='a,"b"\nc', contributions={"x,y": 1.0})
    rows = list(csv.DictReader(io.StringIO(encode_table([entry(strange, 1)], "csv").decode(), newline="")))
    assert rows[0]["version"] == 'a,"b"\nc'
    assert rows[0]["contribution.x,y"] == "1.0"


@pytest.mark.parametrize("kind", ["csv", "arrow"])
def test_pieces_are_the_whole(kind: Format) -> None:
    entries = [entry(reading("m", number), number) for number in range(1, 30)]
    writer = table_writer(kind, ["credit", "equity", "fx"])
    pieces = [writer.head(), *(writer.rows(entries[begin : begin + 7]) for begin in range(0, 29, 7)), writer.end()]
    whole, joined = encode_table(entries, kind), b"".join(pieces)
    if kind == "csv":
        assert joined == whole
    else:
        assert pa.ipc.open_stream(joined).read_all().equals(pa.ipc.open_stream(whole).read_all())


def test_a_segment_of_the_table_that_readings_lack_is_empty_and_one_it_lacks_is_a_fault() -> None:
    writer = table_writer("csv", ["credit", "equity", "fx", "rates"])
    rows = list(csv.DictReader(io.StringIO((writer.head() + writer.rows([entry(reading("m", 1), 1)])).decode())))
    assert rows[0]["contribution.rates"] == ""
    with pytest.raises(UnknownSegmentError, match="equity"):
        table_writer("arrow", ["credit", "fx"]).rows([entry(reading("m", 1), 1)])
