"""Tick records that begin like one before (same schema, same names): read where they lie, without the library.

A producer's records differ in their rows, hardly ever in what stands before them. Once Arrow has read one, all that may
differ in the next are a few numbers of its header: how many rows, and where each column lies. Whatever differs in more
than that, or in a way that makes no sense, is left to Arrow, which reads it or says what is wrong with it: a record is
judged the same whether its head is known or not. See docs/decisions/0083.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.arrow_messages import BUFFERS, COMPRESSION, NODES, RECORDS, ROWS, Message, fields, follow, messages
from schemas.arrow_schemas import TICKS_SCHEMA
from schemas.instruments import Instruments
from schemas.ticks import NO_QUOTES, NO_SEQS, TickBatch

_LONGEST: Final = 1 << 20
"""Bytes of a head from which on it is not remembered: what is kept stays small."""
_MOST: Final = 16
"""Heads that are remembered, and heads that were seen once."""
_PATIENCE, _PAUSE = 16, 64
"""Records in a row that taught nothing, after which only one in so many is looked at: compressed ones teach nothing."""
_END: Final = b"\xff\xff\xff\xff\0\0\0\0"
"""Of a stream, behind its one batch."""
_WORD: Final = 8
"""Bytes of a number in a header, and what all parts of a stream are filled up to."""

Column = tuple[int, np.dtype[Any]]
"""Place of a column in its schema, -1 where it is not there, and its type."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the numbers that may differ stand in the header of a batch, counted in words.

    Attributes:
        rows: of the batch.
        body: length of its body.
        nodes: the first of pairs (rows, nulls), one a column.
        buffers: the first of pairs (offset, length), two a column.
        width: how many columns there are.
    """

    rows: int
    body: int
    nodes: int
    buffers: int
    width: int

    def differ(self) -> set[int]:
        """All of them; that nothing is null does not differ."""
        nodes = range(self.nodes, self.nodes + 2 * self.width, 2)
        return {self.rows, self.body, *nodes, *range(self.buffers, self.buffers + 4 * self.width)}


@dataclass(frozen=True, slots=True)
class Head:
    """What records begin with, and what follows from it.

    Attributes:
        text: schema and dictionaries, as they lie in the record.
        header: reads the header of the batch behind them, as words.
        fixed: takes those words that do not differ.
        words: what these are.
        places: of the others.
        columns: those of a TickBatch.
        known: codes of the dictionary's entries, int32[entries].
    """

    text: bytes
    header: struct.Struct
    fixed: Callable[[tuple[int, ...]], tuple[int, ...]]
    words: tuple[int, ...]
    places: Places
    columns: tuple[Column, ...]
    known: npt.NDArray[np.int32]

    def read(self, raw: bytes) -> TickBatch | None:
        """Ticks of a record with this head; None if it is less plain than that."""
        start, at = len(self.text), self.places
        body = start + self.header.size
        if len(raw) < body:
            return None
        words = self.header.unpack_from(raw, start)
        rows, length = words[at.rows], words[at.body]
        buffers = words[at.buffers : at.buffers + 4 * at.width]
        if not (
            self.fixed(words) == self.words
            and rows > 0
            and words[at.nodes : at.nodes + 2 * at.width : 2] == (rows,) * at.width
            and 0 <= length == len(raw) - len(_END) - body
            and raw.endswith(_END)
            and _are_within(buffers, length)
        ):
            return None
        return self._batch(raw, rows, body, buffers)

    def _batch(self, raw: bytes, rows: int, body: int, buffers: tuple[int, ...]) -> TickBatch | None:
        found: list[Any] = []
        for place, kind in self.columns:
            offset, length = buffers[4 * place + 2 : 4 * place + 4] if place >= 0 else (0, 0)
            if place >= 0 and length < rows * kind.itemsize:
                return None
            found.append(np.frombuffer(raw, kind, rows, body + offset) if place >= 0 else None)
        if found[0].max() >= len(self.known):  # unsigned: a negative position is a huge one
            return None
        return TickBatch(self.known.take(found[0]), *_filled(rows, found[1:]))


class Heads:
    """Heads of records that came more than once; each is taken on only where it reads a record as Arrow does.

    Args:
        instruments: names the feed knows.
    """

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._heads: list[Head] = []
        self._once: OrderedDict[bytes, None] = OrderedDict()
        self._in_vain = 0

    def read(self, raw: bytes) -> TickBatch | None:
        """Ticks of a record with a known head; None if Arrow must read it."""
        for place, head in enumerate(self._heads):
            if raw.startswith(head.text):
                if place:
                    self._heads.insert(0, self._heads.pop(place))
                return head.read(raw)
        return None

    def learn(self, raw: bytes, read: TickBatch) -> None:
        """Remembers the head of a record that Arrow has read, the second time that it is seen."""
        self._in_vain += 1
        if self._in_vain > _PATIENCE and self._in_vain % _PAUSE:
            return
        try:
            first = next(message for message in messages(raw) if message.kind == RECORDS)
            known = first.start > _LONGEST or self._is_new(raw[: first.start])
            head = None if known else head_of(raw, first, self._instruments)
        except (ValueError, IndexError, struct.error, StopIteration):
            return  # Arrow follows what this reader does not
        if head is not None and _same(head.read(raw), read):
            self._heads, self._in_vain = [head, *self._heads][:_MOST], 0

    def _is_new(self, text: bytes) -> bool:
        if text in self._once:
            return False
        self._once[text] = None
        if len(self._once) > _MOST:
            self._once.popitem(last=False)
        return True


def head_of(raw: bytes, batch: Message, instruments: Instruments) -> Head | None:
    """The head of a record that Arrow could read; None where it is not one batch of plain columns as they are wanted.

    Args:
        raw: the record.
        batch: its first batch.
        instruments: names the feed knows.
    """
    with pa.ipc.open_stream(pa.py_buffer(raw)) as reader:
        schema, records = reader.schema, reader.read_next_batch()
    places, columns = _places(raw, batch, len(schema)), _columns(schema)
    if places is None or columns is None:
        return None
    header = struct.Struct(f"<{(batch.body - batch.start) // _WORD}q")
    fixed = itemgetter(*sorted(set(range(header.size // _WORD)) - places.differ()))
    words = fixed(header.unpack_from(raw, batch.start))
    known = instruments.of_dictionary(records.column(columns[0][0]).dictionary)
    return Head(raw[: batch.start], header, fixed, words, places, columns, known)


def _places(raw: bytes, batch: Message, width: int) -> Places | None:
    """Where the numbers stand; None for a batch that is compressed, has nulls, or is laid out in another way."""
    given = fields(raw, batch.table)
    nodes, buffers = (follow(raw, batch.table + given[field]) + 4 for field in (NODES, BUFFERS))
    numbers = (batch.table + given[ROWS], batch.length_at, nodes, buffers)
    counts = [struct.unpack_from("<I", raw, vector - 4)[0] for vector in (nodes, buffers)]
    nulls = struct.unpack_from(f"<{2 * width}q", raw, nodes)[1::2] if counts[0] == width else (1,)
    odd = any((at - batch.start) % _WORD for at in (*numbers, batch.body))
    if odd or given[COMPRESSION] or any(nulls) or counts != [width, 2 * width]:
        return None
    rows, body, first_node, first_buffer = ((at - batch.start) // _WORD for at in numbers)
    return Places(rows, body, first_node, first_buffer, width)


def _columns(schema: Any) -> tuple[Column, ...] | None:
    """The columns of a TickBatch; None where one is of another type than is wanted, or one has not two buffers."""
    found: list[Column] = []
    for wanted in TICKS_SCHEMA:
        place = schema.get_field_index(wanted.name)
        kind = schema.field(place).type if place >= 0 else wanted.type
        if pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type):
            found.append((place, np.dtype(f"<u{kind.index_type.bit_width // 8}")))
        elif kind == wanted.type:
            found.append((place, np.dtype(kind.to_pandas_dtype())))
    flat = all(pa.types.is_primitive(kind) or pa.types.is_dictionary(kind) for kind in schema.types)
    return tuple(found) if flat and len(found) == len(TICKS_SCHEMA) else None


def _are_within(buffers: tuple[int, ...], body: int) -> bool:
    """Whether all buffers lie in the body, where Arrow wants them."""
    pairs = zip(buffers[::2], buffers[1::2], strict=True)
    return all(0 <= at <= at + length <= body and at % _WORD == 0 for at, length in pairs)


def _filled(rows: int, numbers: list[Any]) -> tuple[Any, ...]:
    """All columns but the first of a TickBatch, with what stands for those that a record leaves out."""
    ts_us, price, size, bid, ask, seq = numbers
    quotes = (NO_QUOTES, NO_QUOTES)
    if bid is not None or ask is not None:
        quotes = (_or_all(bid, np.nan, rows), _or_all(ask, np.nan, rows))
    seqs = NO_SEQS if seq is None else seq
    return ts_us, _or_all(price, np.nan, rows), _or_all(size, 0.0, rows), *quotes, seqs


def _or_all(column: Any, absent: float, rows: int) -> Any:
    return np.full(rows, absent) if column is None else column


def _same(one: TickBatch | None, other: TickBatch) -> bool:
    """Whether two readers found the same bytes."""
    if one is None:
        return False
    return all(a.tobytes() == b.tobytes() for a, b in zip(one.columns(), other.columns(), strict=True))
