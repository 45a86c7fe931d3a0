"""Records with a known head: read as Arrow reads them, bit for bit, and refused for the same reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.arrow_heads import Heads
from schemas.arrow_messages import messages
from schemas.instruments import Instruments
from schemas.rejects import UnreadableError
from schemas.ticks import TickBatch
from schemas.ticks_wire import TickReader, decode_ticks

NAMES = ("A", "B", "C")
KNOWN = Instruments(NAMES)
Said = list[tuple[str, tuple[int, ...], bytes]] | str


def _record(rows: int, seed: int = 1, index: Any = None, compression: str | None = None, **more: Any) -> bytes:
    random = np.random.default_rng(seed)
    positions = pa.array(random.integers(0, 4, rows), index or pa.int32())
    columns = {
        "instrument": pa.DictionaryArray.from_arrays(positions, pa.array(["B", "A", "nobody", "C"])),
        "ts_us": pa.array(random.integers(0, 10**15, rows)),
        **{name: make(random, rows) for name, make in more.items()},
    }
    sink, options = pa.BufferOutputStream(), pa.ipc.IpcWriteOptions(compression=compression)
    table = pa.table(columns)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _floats(random: Any, rows: int) -> Any:
    return pa.array(random.standard_normal(rows))


def _ints(random: Any, rows: int) -> Any:
    return pa.array(random.integers(0, 99, rows))


def _gaps(random: Any, rows: int) -> Any:
    return pa.array([None if gap else 1.0 for gap in random.random(rows) < 0.5], pa.float64())


def _texts(random: Any, rows: int) -> Any:
    return pa.array(["note"] * rows)


PLAIN: dict[str, dict[str, Any]] = {
    "trades": {"price": _floats, "size": _floats},
    "prices": {"price": _floats},
    "quotes": {"bid": _floats, "ask": _floats},
    "one side": {"ask": _floats, "price": _floats},
    "numbered": {"price": _floats, "seq": _ints},
    "unknown column": {"depth": _ints, "price": _floats},
    "small positions": {"index": pa.uint8(), "price": _floats},
    "large positions": {"index": pa.int64(), "price": _floats},
}
OTHERS: dict[str, dict[str, Any]] = {
    "compressed": {"price": _floats, "compression": "lz4"},
    "gaps": {"price": _gaps},
    "texts": {"note": _texts, "price": _floats},
    "cast": {"price": _ints},
}


def _said(read: Any, raw: bytes) -> Said:
    """All that a reader says of a record: types, shapes and bytes, or the reason."""
    try:
        batch: TickBatch = read(raw)
    except UnreadableError as error:
        return f"{error.reason}"
    return [(column.dtype.str, column.shape, column.tobytes()) for column in batch.columns()]


def _by_arrow(raw: bytes) -> Said:
    return _said(lambda record: decode_ticks(record, KNOWN), raw)


@pytest.mark.parametrize("kind", [*PLAIN, *OTHERS])
def test_every_record_is_read_as_arrow_reads_it(kind: str) -> None:
    reader = TickReader(KNOWN)
    for seed, rows in enumerate((40, 40, 1, 8192, 7, 40)):
        raw = _record(rows, seed, **(PLAIN | OTHERS)[kind])
        assert _said(reader.read, raw) == _by_arrow(raw)


@pytest.mark.parametrize("kind", [*PLAIN, *OTHERS])
def test_the_third_plain_record_is_read_where_it_lies(kind: str) -> None:
    heads = Heads(KNOWN)
    for seed in (1, 2):
        raw = _record(40, seed, **(PLAIN | OTHERS)[kind])
        assert heads.read(raw) is None
        heads.learn(raw, decode_ticks(raw, KNOWN))
    third = heads.read(_record(9, 3, **(PLAIN | OTHERS)[kind]))
    assert (third is not None) == (kind in PLAIN)
    if third is not None:
        assert not third.ts_us.flags.owndata


def test_heads_in_turns_are_all_known_and_few_are_kept() -> None:
    heads = Heads(KNOWN)
    kinds = list(PLAIN.values())
    for _ in range(3):
        for kind in kinds:
            raw = _record(40, **kind)
            heads.learn(raw, decode_ticks(raw, KNOWN))
    assert all(heads.read(_record(11, **kind)) is not None for kind in kinds)
    for number in range(2_000):
        raw = _record(5, **{f"column_{number // 2}": _floats})
        heads.learn(raw, decode_ticks(raw, KNOWN))
    assert len(heads._heads) <= 16
    assert len(heads._once) <= 16


def test_records_that_teach_nothing_are_seldom_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    heads, looks = Heads(KNOWN), list[int]()
    monkeypatch.setattr("schemas.arrow_heads.messages", lambda raw: (looks.append(1), messages(raw))[1])
    packed, plain = _record(40, **OTHERS["compressed"]), _record(40, price=_floats)
    for raw in [packed] * 500:
        heads.learn(raw, decode_ticks(raw, KNOWN))
    assert len(looks) < 30
    for raw in [plain] * 129:
        heads.learn(raw, decode_ticks(raw, KNOWN))
    assert heads.read(plain) is not None


LEARNT = TickReader(KNOWN)
SAMPLES = [_record(rows, 5, **kind) for kind in PLAIN.values() for rows in (3, 40)]
for sample in SAMPLES * 2:
    LEARNT.read(sample)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0, 1, 7, 8, 64, 127, 128, 255])), min_size=1, max_size=3),
    st.integers(-9, 9),
)
def test_a_broken_record_is_judged_alike_with_and_without_its_head(
    raw: bytes, changes: list[tuple[float, int]], more: int
) -> None:
    broken = bytearray(raw)
    for where, value in changes:
        broken[int(where * (len(broken) - 1))] = value
    text = bytes(broken) + bytes(more) if more >= 0 else bytes(broken[:more])
    assert _said(LEARNT.read, text) == _by_arrow(text)


def test_every_byte_behind_the_head_is_judged_alike() -> None:
    raw = SAMPLES[0]
    for at in range(len(raw) // 3, len(raw)):
        for value in (0, 1, 9, 128, 255):
            broken = raw[:at] + bytes([value]) + raw[at + 1 :]
            assert _said(LEARNT.read, broken) == _by_arrow(broken), (at, value)
