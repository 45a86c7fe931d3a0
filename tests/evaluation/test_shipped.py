"""The artifacts that come with ESI belong to its market files and to its code. If not: `make reference`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder

from deploy.model_settings import SHIPPED
from evaluation import reference
from models.pipeline import Pipeline
from models.plain import pack
from models.reference import Reference, stage_states
from models.signals.bars import BarFold
from schemas.market_file import load
from schemas.reading import decode_reading
from schemas.reference import file_of
from tests.laws import arrays
from tests.servers import CHECKOUT

FILES = sorted(SHIPPED.glob("*.reference"))


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def shipped(request: pytest.FixtureRequest) -> Reference:
    file: Path = request.param
    return reference.load(file)


def test_us_comes_with_one_and_small() -> None:
    assert file_of(SHIPPED, "us") in FILES
    assert all(file.stat().st_size < 5_000_000 for file in FILES)


def test_the_wheel_brings_them() -> None:
    packed = {file.distribution_path for file in WheelBuilder(str(CHECKOUT)).recurse_included_files()}
    assert {f"deploy/references/{file.name}" for file in FILES} <= packed


def test_it_belongs_to_the_market_file_and_to_this_code(shipped: Reference) -> None:
    """Another version, or another number in the sessions that follow, asks for `make reference`."""
    reference.check_code(shipped, load(shipped.manifest.market))


def test_its_state_goes_on_in_a_feed_of_four_partitions(shipped: Reference) -> None:
    market = load(shipped.manifest.market)
    Pipeline(market, 4).restore(stage_states(shipped, 4))
    BarFold(market).restore(shipped.state["fold"])
    assert len(pack(shipped.state)) < 20_000_000


def test_us_has_36_years_of_finals(shipped: Reference) -> None:
    years = [decode_reading(raw).at[:4] for raw in shipped.finals]
    assert (years[0], years[-1]) == ("1990", "2025")
    assert all(years.count(str(year)) > 245 for year in range(1990, 2026))


def test_no_window_of_an_input_is_longer_than_its_blocks(shipped: Reference) -> None:
    """Rings are of blocks, or of the macro series that anybody may see; no other array is as long as a history."""
    market = load(shipped.manifest.market)
    assert market.history.memory == "sketch"
    public = {i.name for i in market.instrument if i.public}
    kinds = shipped.state["pipeline"]["indicators"]["kinds"]
    for kind in kinds:
        if "ring" in kind and len(kind["ring"]) > 26:  # 252 finals are 26 blocks of ten
            assert {name for _, of in kind["layout"][: kind["ring"].shape[1]] for name in of} <= public, kind["step"]
    index = dict(shipped.state["pipeline"]["index"])
    own = index.pop("standing")  # ranks of our own index, which is published
    assert np.isfinite(own["ring"]).sum() > 8000
    assert all(array.shape[-1] <= 320 for array in arrays(index))
