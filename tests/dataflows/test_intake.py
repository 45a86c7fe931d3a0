"""Every reason for a reject is reachable in both lanes, and a reject carries the original bytes and their place."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.intake import MAX_BYTES, Intake
from models.signals.bars import BarFold, Folded
from schemas import json_wire, names, ticks_wire
from schemas.arrow_schemas import BARS_SCHEMA, TICKS_SCHEMA
from schemas.control import MODEL_PROMOTED, Control
from schemas.control_wire import encode_control
from schemas.instruments import Instruments
from schemas.rejects import Reason, Reject
from tests.dataflows import tape
from tests.dataflows.tape import Record

TOCK_US = tape.START_US + 60_000_000
GOOD = {"instrument": "AAA", "ts_us": TOCK_US + 1, "price": 100.0, "size": 1.0}
BAR = {"instrument": "AAA", "start_us": TOCK_US, "end_us": TOCK_US + 1_000_000, "open": 9, "high": 9, "low": 9}
KINDS = [getattr(names, name) for name in dir(names) if name.endswith(("_JSON", "_ARROW"))]

BAD_ROWS: dict[Reason, dict[str, Any]] = {
    Reason.BAD_NAME: {"instrument": ""},
    Reason.UNKNOWN_INSTRUMENT: {"instrument": "NOBODY"},
    Reason.BAD_TIME: {"ts_us": -5},
    Reason.NO_PRICE: {"price": None},
    Reason.NOT_FINITE: {"price": None, "bid": 1.7e308, "ask": 1.7e308},
    Reason.NEGATIVE_PRICE: {"price": -1.0},
    Reason.NEGATIVE_SIZE: {"size": -1.0},
    Reason.CROSSED_QUOTE: {"bid": 101.0, "ask": 100.0},
    Reason.DUPLICATE: {"seq": 5},
    Reason.FUTURE: {"ts_us": TOCK_US + 60_000_000},
    Reason.LATE: {"ts_us": tape.START_US},
    Reason.ABSURD_PRICE: {"price": 300.0},
}
"""What makes the middle one of three ticks bad."""


def json_record(rows: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def arrow_record(rows: list[dict[str, Any]], schema: Any = TICKS_SCHEMA) -> bytes:
    known = list(dict.fromkeys(row["instrument"] for row in rows))
    columns: dict[str, Any] = {"instrument": np.array([known.index(row["instrument"]) for row in rows])}
    for field in schema.names[1:]:
        values = [row.get(field) for row in rows]
        if field == "seq":
            columns[field] = np.array([-1 if value is None else value for value in values])
        elif any(value is not None for value in values):
            columns[field] = np.array([np.nan if value is None else value for value in values])
    return ticks_wire.encode(columns, tuple(known), schema)


BAD_RECORDS: dict[Reason, dict[str, tuple[str, bytes]]] = {
    Reason.EMPTY: {"json": (names.TICKS_JSON, b""), "arrow": (names.TICKS_ARROW, b"")},
    Reason.OVERSIZED: {
        "json": (names.TICKS_JSON, b" " * (MAX_BYTES + 1)),
        "arrow": (names.TICKS_ARROW, b" " * (MAX_BYTES + 1)),
    },
    Reason.MALFORMED: {"json": (names.TICKS_JSON, b'{"instrument":'), "arrow": (names.TICKS_ARROW, b"no stream")},
    Reason.WRONG_TYPE: {
        "json": (names.TICKS_JSON, b'{"instrument":"AAA","ts_us":"noon"}'),
        "arrow": (names.TICKS_ARROW, arrow_record([BAR | {"close": 9}], BARS_SCHEMA)),
    },
    Reason.BAD_CONTROL: {
        "json": (names.CONTROL_JSON, b'{"kind":"note"}'),
        "arrow": (names.CONTROL_JSON, b'{"kind":"note","value":"x","market":"other"}'),
    },
    Reason.UNKNOWN_KIND: {"json": (names.CONTROL_JSON, b'{"kind":"dance"}'), "arrow": ("text/csv", b"AAA,1,2")},
}
"""Records that are bad as a whole."""


class Lane:
    """An intake of a live feed whose last tock was `TOCK_US`, with what it rejects."""

    def __init__(self) -> None:
        market = tape.market("lane").model_copy(update={"clock": "wall"})
        self.rejects: list[Reject] = []
        self.fold = BarFold(market)
        known = Instruments(tape.INSTRUMENTS)
        self.intake = Intake("lane", 3, self.fold, known, self.rejects.append, markets=("tape",))
        self.next = 40
        self.take(names.TOCK_JSON, json_wire.encode_tock(TOCK_US))
        first = GOOD | {"seq": 5}
        self.take(names.TICKS_JSON, json_record([first]))
        assert not self.rejects

    def take(self, *made: str | bytes) -> list[Folded]:
        """Takes records given as kind, bytes, kind, bytes."""
        records = [
            Record(3, self.next + n, str(kind), bytes(raw))  # type: ignore[arg-type]
            for n, (kind, raw) in enumerate(zip(made[::2], made[1::2], strict=True))
        ]
        self.next += len(records)
        return self.intake.take(list(records))


def test_every_reason_has_its_case() -> None:
    assert {*BAD_ROWS, *BAD_RECORDS, Reason.BAD_BAR} == set(Reason)


@pytest.mark.parametrize("lane", ["json", "arrow"])
@pytest.mark.parametrize("reason", BAD_ROWS)
def test_a_bad_tick_is_rejected_alone(reason: Reason, lane: str) -> None:
    rows = [GOOD, GOOD | BAD_ROWS[reason], GOOD]
    kind, raw = (names.TICKS_JSON, json_record(rows)) if lane == "json" else (names.TICKS_ARROW, arrow_record(rows))
    feed = Lane()
    before = feed.intake.ticks
    feed.take(kind, raw)
    assert [(r.feed, r.partition, r.offset, r.reason, r.rows) for r in feed.rejects] == [("lane", 3, 42, reason, (1,))]
    assert feed.rejects[0].raw == raw
    assert feed.rejects[0].content_type == kind
    assert feed.intake.ticks - before == 3


@pytest.mark.parametrize("lane", ["json", "arrow"])
@pytest.mark.parametrize("reason", BAD_RECORDS)
def test_a_bad_record_is_rejected_whole_and_spoils_no_neighbour(reason: Reason, lane: str) -> None:
    kind, raw = BAD_RECORDS[reason][lane]
    good = json_record([GOOD, GOOD])
    feed = Lane()
    before = feed.intake.ticks
    feed.take(names.TICKS_JSON, good, kind, raw, names.TICKS_JSON, good)
    assert [(r.feed, r.partition, r.offset, r.reason, r.rows) for r in feed.rejects] == [("lane", 3, 43, reason, ())]
    assert feed.rejects[0].raw == raw
    assert feed.rejects[0].note
    assert feed.intake.ticks - before == 4


@pytest.mark.parametrize("lane", ["json", "arrow"])
def test_a_bar_whose_high_is_below_its_close_is_rejected(lane: str) -> None:
    bar = BAR | {"close": 10.0}
    kind, raw = (
        (names.BARS_JSON, json_record([bar]))
        if lane == "json"
        else (names.BARS_ARROW, arrow_record([bar], BARS_SCHEMA))
    )
    feed = Lane()
    feed.take(kind, raw)
    assert [(r.offset, r.reason, r.rows, r.raw) for r in feed.rejects] == [(42, Reason.BAD_BAR, (0,), raw)]


@pytest.mark.parametrize(
    ("kind", "raw", "reason"),
    [
        (names.TICKS_ARROW, arrow_record([]), Reason.EMPTY),
        (names.TICKS_ARROW, ticks_wire.encode(
            {"instrument": np.zeros((1 << 20) + 1), "ts_us": np.zeros((1 << 20) + 1)}, ("AAA",), TICKS_SCHEMA
        ), Reason.OVERSIZED),
        (names.TICKS_JSON, b"\n \n", Reason.EMPTY),
        (names.TICKS_JSON, b"\xff\xfe", Reason.MALFORMED),
        (names.TICKS_JSON, b'{"more":' + b"[" * 100_000, Reason.MALFORMED),
        (names.TOCK_JSON, b"{}", Reason.WRONG_TYPE),
        (names.TOCK_JSON, b'{"ts_us":-1}', Reason.BAD_TIME),
        (names.CONTROL_JSON, b"[]", Reason.WRONG_TYPE),
        (names.BARS_JSON, b"nonsense", Reason.MALFORMED),
        (names.BARS_ARROW, b"nonsense", Reason.MALFORMED),
    ],
    ids=["no rows", "many rows", "blank", "no utf-8", "deep", "tock", "tock time", "control", "bars", "arrow bars"],
)  # fmt: skip
def test_more_ways_to_be_unreadable(kind: str, raw: bytes, reason: Reason) -> None:
    feed = Lane()
    feed.take(kind, raw)
    assert [(r.offset, r.reason, r.raw) for r in feed.rejects] == [(42, reason, raw)]


def test_rows_are_counted_within_their_record_and_grouped_by_reason() -> None:
    unknown, negative = GOOD | {"instrument": "NOBODY"}, GOOD | {"price": -1.0}
    first, second = json_record([GOOD, unknown]), json_record([negative, GOOD, unknown, negative])
    feed = Lane()
    feed.take(names.TICKS_JSON, first, names.TICKS_JSON, b"{", names.TICKS_JSON, second)
    assert {(r.offset, r.reason, r.rows, r.raw) for r in feed.rejects} == {
        (42, Reason.UNKNOWN_INSTRUMENT, (1,), first),
        (43, Reason.MALFORMED, (), b"{"),
        (44, Reason.NEGATIVE_PRICE, (0, 3), second),
        (44, Reason.UNKNOWN_INSTRUMENT, (2,), second),
    }


def test_a_record_without_a_header_is_json_ticks() -> None:
    class Bare(Record):
        def headers(self) -> None:  # type: ignore[override]
            return None

    feed = Lane()
    feed.intake.take([Bare(3, 42, "", json_record([GOOD]))])
    assert feed.intake.ticks == 2
    assert not feed.rejects


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*KINDS, "?"]), st.binary(max_size=60)), max_size=5))
def test_no_bytes_whatever_end_the_intake(made: list[tuple[str, bytes]]) -> None:
    feed = Lane()
    feed.take(*[part for record in made for part in record])
    assert {r.offset for r in feed.rejects} == set(range(42, 42 + len(made)))
    assert all(r.raw == made[r.offset - 42][1] for r in feed.rejects)


@pytest.mark.parametrize("market", [None, "tape"])
def test_a_control_record_leaves_with_its_partitions_time(market: str | None) -> None:
    rejects: list[Reject] = []
    fold = BarFold(tape.market("f"))
    intake = Intake("f", 0, fold, Instruments(tape.INSTRUMENTS), rejects.append, markets=("tape",))
    order = Control(MODEL_PROMOTED, "lstm", "3", market)
    made = [(names.CONTROL_JSON, encode_control(order)), (names.TOCK_JSON, json_wire.encode_tock(TOCK_US))] * 2
    folded = intake.take([Record(0, n, kind, raw) for n, (kind, raw) in enumerate(made)])
    assert [f.controls for f in folded] == [(order,), (), (order._replace(at_us=TOCK_US),), ()]
    assert not rejects


def test_a_control_record_on_another_partition_is_refused() -> None:
    feed = Lane()
    feed.take(names.CONTROL_JSON, b'{"kind":"note","value":"x"}')
    assert [(r.reason, r.note) for r in feed.rejects] == [(Reason.BAD_CONTROL, "control records belong on partition 0")]
