"""What is published: canonical bytes, a chain of finals, flags, versions."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from models.pipeline import Pipeline
from models.publication import Published, version_of
from schemas.bars import Partial
from schemas.control import MODEL_PROMOTED, NOTE, Control
from schemas.market import Market
from schemas.reading import Bars, Details, Reading, canonical, decode_reading, parse_rfc3339, seal
from tests.models import tape

MARKET = tape.market()


def run(market: Market = MARKET, run: str | None = None, partials: list[Partial] | None = None) -> list[Published]:
    pipeline = Pipeline(market, 2, run)
    return [p for partial in (partials or tape.partials(300, of=market)) for p in pipeline.feed(partial)]


PUBLISHED = run()
READINGS = [decode_reading(p.reading) for p in PUBLISHED]


def test_bytes_are_canonical() -> None:
    for published, reading in zip(PUBLISHED, READINGS, strict=True):
        assert canonical(reading) == published.reading
        assert len(published.reading) < 1000
        assert parse_rfc3339(reading.at) == published.at_us
        assert published.id == f"{published.at_us // 1000}-{int(reading.final)}"


def test_finals_form_a_chain_and_provisional_readings_stay_outside() -> None:
    before = ""
    for reading in READINGS:
        if not reading.final:
            assert (reading.prev_hash, reading.hash) == ("", "")
            continue
        assert reading.prev_hash == before
        blank = msgspec.structs.replace(reading, hash="")
        assert reading.hash == hashlib.sha256(canonical(blank)).hexdigest()
        assert seal(blank, before) == reading
        before = reading.hash
    assert len(before) == 64


def test_contributions_sum_to_the_index() -> None:
    known = [r for r in READINGS if r.index is not None]
    assert len(known) > 50
    for reading in known:
        assert sum(reading.contributions.values()) == reading.index
        assert list(reading.contributions) == [s.name for s in MARKET.segment]
        assert reading.forms[reading.form] == reading.index


def test_no_index_means_no_contributions_and_says_why() -> None:
    warming = [r for r in READINGS if r.index is None]
    assert warming
    for reading in warming:
        assert reading.flags == ["warming_up"]
        assert (reading.contributions, reading.change, reading.level) == ({}, None, "unknown")
        assert set(reading.forms.values()) == {None}


def test_details_come_with_finals() -> None:
    for published, reading in zip(PUBLISHED, READINGS, strict=True):
        assert (published.details is not None) == reading.final
        if published.details is None:
            continue
        details = msgspec.json.decode(published.details, type=Details)
        assert (details.market, details.at, details.version) == (reading.market, reading.at, reading.version)
        assert sum(row.contribution for row in details.indicators) == pytest.approx(reading.index or 0.0, abs=1e-12)
        weight = sum(row.weight for row in details.indicators)
        assert weight == pytest.approx(0.0 if reading.index is None else 1.0)
        assert details.segment_correlation.names == [s.name for s in MARKET.segment]
        assert len(details.instrument_correlation.values) == len(MARKET.instrument)


def test_volatility_is_annualised() -> None:
    details = msgspec.json.decode(PUBLISHED[-1].details or b"", type=Details)
    (per_period,) = [row.raw for row in details.indicators if row.name == "vol"]
    yearly = [details.volatility[name] for name in ("P1", "P2")]
    assert per_period is not None
    assert sum(v for v in yearly if v) / 2 == pytest.approx(per_period * (31_557_600 / 10) ** 0.5)


def test_every_bar_is_published_once() -> None:
    rows = [row for p in PUBLISHED if p.bars for row in msgspec.json.decode(p.bars, type=Bars).bars]
    keys = [(row.instrument, row.end) for row in rows]
    assert len(keys) == len(set(keys))
    assert len(keys) == len({(c, e) for p in tape.partials(300) for c, e in
                             zip(p.bars.code.tolist(), p.bars.end_us.tolist(), strict=True)})  # fmt: skip
    assert all(row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high for row in rows)


def test_a_run_publishes_under_its_own_name_and_synthetic_is_said() -> None:
    readings = [decode_reading(p.reading) for p in run(tape.market(synthetic=True), "r1")]
    assert {r.market for r in readings} == {"test~r1"}
    assert all("synthetic" in r.flags for r in readings)


def test_silence_is_flagged_and_missing_inputs_degrade() -> None:
    silent = Partial(0, tape.partials(1)[0].reached_us + 400 * tape.SECOND, tape.columns([]))
    readings = [
        decode_reading(p.reading)
        for p in run(partials=[*tape.partials(300), silent, Partial(1, silent.reached_us, silent.bars)])
    ]
    assert [r.final for r in readings[-10:]] == [True] * 10
    assert all("no_data" in r.flags for r in readings[-10:])
    assert readings[-1].flags == ["degraded", "no_data"]
    assert readings[-1].index is None
    assert readings[-1].staleness.stale == 5


def test_models_in_force_and_remarks_are_told_where_there_are_some() -> None:
    controls = (
        Control(MODEL_PROMOTED, "lstm", "7", None, tape.START),
        Control(NOTE, "desk", "early close", None, tape.START),
    )
    first, *others = tape.partials(30)
    published = run(partials=[Partial(first.partition, first.reached_us, first.bars, controls), *others])
    assert [decode_reading(p.reading).models for p in published] == [{"lstm": "7"}] * len(published)
    remarks = [msgspec.json.decode(p.details).get("remarks") for p in published if p.details is not None]
    assert remarks[:2] == [{"desk": "early close"}, None]
    assert b'"models"' not in PUBLISHED[-1].reading
    assert all(p.details is None or b'"remarks"' not in p.details for p in PUBLISHED)


def test_another_file_is_another_version() -> None:
    assert version_of(MARKET) == version_of(tape.market())
    assert version_of(MARKET) != version_of(tape.market(shrinkage=0.2))
    assert READINGS[0].version == version_of(MARKET)


def test_readings_of_version_one_are_decoded_with_fields_to_come() -> None:
    later = msgspec.json.decode(PUBLISHED[-1].reading) | {"a_field_to_come": "calm"}
    assert decode_reading(msgspec.json.encode(later)) == msgspec.json.decode(PUBLISHED[-1].reading, type=Reading)
