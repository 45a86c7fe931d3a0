"""Reference artifacts: the same inputs make the same file, and going on from it is as good as the whole tape."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import msgspec
import pytest

from evaluation import panel, reference
from evaluation.faults import InputError
from models.pipeline import Pipeline
from models.reference import Reference, encode
from models.signals.bars import BarFold
from schemas.reading import parse_rfc3339
from schemas.reference import ReferenceFileError
from tests.evaluation import made

UNTIL = date(2001, 6, 29)


@cache
def artifact(folder: Path, until: date | None = UNTIL) -> Reference:
    inputs, macro = made.write(folder)
    return reference.build(made.lasting(), inputs, macro, until)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def built(folder: Path) -> Reference:
    return artifact(folder)


def test_built_twice_it_is_the_same_file(built: Reference, folder: Path) -> None:
    again = reference.build(made.lasting(), folder / "panel.csv", folder / "macro", UNTIL)
    assert encode(again) == encode(built)


def test_the_manifest_says_what_it_is_and_what_made_it(built: Reference) -> None:
    told = built.manifest
    assert (told.market, told.finals, told.first, told.last) == (
        *("made", len(built.finals)),
        *("2000-01-03T23:00:00Z", "2001-06-29T22:00:00Z"),
    )
    assert sorted(told.inputs) == ["M.csv", "panel.csv"]
    assert len(told.sources) == 64
    assert set(told.libraries) == {"numpy", "numba", "exchange-calendars"}


def test_whoever_goes_on_from_it_says_what_the_whole_tape_says(built: Reference, folder: Path) -> None:
    market = made.lasting()
    read = panel.read(market, folder / "panel.csv", folder / "macro")
    whole = [said.reading for said in panel.run(market, read)]
    pipeline, fold = Pipeline(market), BarFold(market)
    pipeline.restore(built.state["pipeline"])
    fold.restore(built.state["fold"])
    rest = read.between(parse_rfc3339(built.manifest.last), int(read.closes_us[-1]))
    later = [said.reading for said in panel.run(market, rest, pipeline, fold=fold)]
    assert len(later) > 120
    assert [*built.finals, *later] == whole


def test_a_state_that_would_publish_inputs_is_refused_by_name(folder: Path) -> None:
    made.write(folder)
    told = r"kinds\[\d\]\.ring holds values of A.*rank\.ring holds values of S.*'sketch'"
    with pytest.raises(InputError, match=told):
        reference.build(made.market(), folder / "panel.csv", folder / "macro", UNTIL)


def test_a_day_before_all_finals_is_refused(folder: Path) -> None:
    made.write(folder)
    with pytest.raises(InputError, match=r"no final by 1999-01-01"):
        reference.build(made.lasting(), folder / "panel.csv", folder / "macro", date(1999, 1, 1))


def test_a_file_is_checked_when_it_is_read(built: Reference, tmp_path: Path) -> None:
    file = tmp_path / "made.reference"
    with pytest.raises(ReferenceFileError, match="No such file"):
        reference.load(file)
    file.write_bytes(encode(built))
    assert encode(reference.load(file)) == encode(built)
    finals = list(built.finals)
    finals[200] = finals[200].replace(b'"final":true', b'"final":false')
    file.write_bytes(encode(replace(built, finals=tuple(finals))))
    with pytest.raises(ReferenceFileError, match="hash chain breaks at the final of 2000-10-17"):
        reference.load(file)


def test_it_is_verified_against_its_inputs(built: Reference, folder: Path, tmp_path: Path) -> None:
    verdict = reference.verify(built, made.lasting(), folder / "panel.csv", folder / "macro")
    assert verdict.identical
    assert verdict.holds
    inputs, macro = made.write(tmp_path, made.table(2))
    with pytest.raises(InputError, match=r"built from other inputs: panel\.csv differ"):
        reference.verify(built, made.lasting(), inputs, macro)
    with pytest.raises(InputError, match=r"M\.csv differ or lack"):
        reference.verify(built, made.lasting(), folder / "panel.csv")
    other = made.lasting().model_copy(update={"shrinkage": 0.3})
    with pytest.raises(ReferenceFileError, match=r"Build it anew"):
        reference.verify(built, other, folder / "panel.csv", folder / "macro")


def test_sources_are_those_of_the_code_that_computes() -> None:
    assert reference.sources() == reference.sources()


def test_the_code_that_built_it_goes_on_from_it(built: Reference) -> None:
    reference.check_code(built, made.lasting())
    assert {name[:10] for name in built.manifest.probe} == {"2001-07-02", "2001-07-03", "2001-07-05"}
    assert {name[21:] for name in built.manifest.probe} >= {"index", "ciss", "z_mean", "prices", "macro"}


def test_other_code_is_told_by_what_it_makes_of_the_sessions_that_follow(built: Reference) -> None:
    moved = {name: value + 1e-6 for name, value in built.manifest.probe.items()}
    other = replace(built, manifest=msgspec.structs.replace(built.manifest, probe=moved))
    with pytest.raises(ReferenceFileError, match=r"numbers that this release makes .*make reference"):
        reference.check_code(other, made.lasting())
    pipeline = built.state["pipeline"]
    stranger = pipeline | {"index": pipeline["index"] | {"version": 99}}
    other = replace(built, state=built.state | {"pipeline": stranger})
    with pytest.raises(ReferenceFileError, match=r"cannot be continued .*make reference"):
        reference.check_code(other, made.lasting())
