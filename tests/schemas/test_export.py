"""The exported words say what the code says, and version 1 is still read."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import pytest

from schemas import export, json_wire, reading, ticks_wire
from schemas.control import Control
from schemas.control_wire import decode_control
from schemas.instruments import Instruments
from schemas.market_file import load, shipped

V1 = Path(__file__).parent / "v1"
KNOWN = Instruments(("SPX", "WTI"))


def test_code_and_files_say_the_same() -> None:
    assert export.differences() == []
    assert export.main(["--check"]) == 0


def test_a_changed_a_missing_and_a_strange_file_are_named(tmp_path: Path) -> None:
    export.write(tmp_path)
    assert export.differences(tmp_path) == []
    (tmp_path / "tock.schema.json").write_text("{}")
    (tmp_path / "bars.arrow.json").unlink()
    (tmp_path / "more.json").write_text("{}")
    assert export.differences(tmp_path) == [
        "bars.arrow.json is missing",
        "more.json is no word of this version",
        "tock.schema.json says something else",
    ]


def test_a_wrong_call_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert export.main(["--chek"]) == 2
    assert "usage" in capsys.readouterr().err


def _schema(name: str) -> dict[str, object]:
    schema: dict[str, object] = json.loads((export.FOLDER / f"{name}.schema.json").read_text())
    return schema


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("reading", "reading"),
        ("reading", "provisional"),
        ("details", "details"),
        ("bars", "bars"),
        ("tock", "tock"),
        ("control", "control"),
    ],
)
def test_what_version_1_wrote_fits_the_exported_schema(schema: str, file: str) -> None:
    jsonschema.validate(json.loads((V1 / f"{file}.json").read_bytes()), _schema(schema))


def test_the_shipped_market_files_fit_the_exported_schema() -> None:
    for name in shipped():
        jsonschema.validate(
            tomllib.loads(files("schemas").joinpath(f"markets/{name}.toml").read_text()), _schema("market")
        )


def test_readings_of_version_1_are_read_and_spelled_as_then() -> None:
    raw = (V1 / "reading.json").read_bytes()
    final = reading.decode_reading(raw)
    assert (final.market, final.index, final.prev_hash) == ("us-open", 42.5, "0" * 64)
    assert reading.canonical(final) == raw
    assert reading.seal(final, final.prev_hash) == final
    raw = (V1 / "provisional.json").read_bytes()
    assert reading.canonical(reading.decode_reading(raw)) == raw


def test_details_and_bars_of_version_1_are_read() -> None:
    details = msgspec.json.decode((V1 / "details.json").read_bytes(), type=reading.Details)
    assert details.indicators[0].raw == 0.18
    assert details.segment_correlation.values == [[1.0, 0.5], [0.5, None]]
    bars = msgspec.json.decode((V1 / "bars.json").read_bytes(), type=reading.Bars)
    assert (bars.bars[0].instrument, bars.bars[0].count) == ("SPX", 7)


def test_a_reading_with_more_fields_and_one_without_the_optional_ones_are_read() -> None:
    fields = json.loads((V1 / "reading.json").read_bytes())
    whole = reading.decode_reading(json.dumps(fields))
    fields["change"]["weather"] = fields["staleness"]["weather"] = fields["weather"] = {"rain": [1]}
    assert reading.decode_reading(json.dumps(fields)) == whole
    del fields["hash"], fields["prev_hash"]
    assert reading.decode_reading(json.dumps(fields)) == msgspec.structs.replace(whole, hash="", prev_hash="")


def test_ticks_of_version_1_are_the_same_as_arrow_and_as_json() -> None:
    arrow = ticks_wire.decode_ticks((V1 / "ticks.arrow").read_bytes(), KNOWN)
    lines = json_wire.decode_ticks([(V1 / "ticks.jsonl").read_bytes()], KNOWN)
    assert lines.bad == []
    assert arrow.code.tolist() == [0, 1, 0]
    assert arrow.seq.tolist() == [1, 2, -1]
    for one, other in zip(arrow.columns(), lines.batch.columns(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_bars_tocks_controls_and_markets_of_version_1_are_read() -> None:
    bars = ticks_wire.decode_bars((V1 / "bars.arrow").read_bytes(), KNOWN)
    assert (bars.available_us - bars.end_us).tolist() == [60_000_000]
    assert json_wire.decode_tock((V1 / "tock.json").read_bytes()) == 1_714_766_400_000_000
    assert decode_control((V1 / "control.json").read_bytes()) == Control("note", "note", "hello", "us-open")
    market = load(str(V1 / "market.toml"))
    assert (market.name, market.half_life.volatility, market.segment[0].indicator[1].sign) == (
        "old",
        21_600_000_000,
        -1,
    )
