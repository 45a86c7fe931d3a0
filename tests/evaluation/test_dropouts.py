"""Random losses of inputs, against readings of all of them."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import panel
from evaluation.dropouts import DRAWS, EVERY, LOST, Dropouts
from evaluation.replay import Replay
from models.signals.index import IndexState
from schemas.market import Market
from tests.evaluation import made


def tried(market: Market, seed: int = 0) -> tuple[Dropouts, list[IndexState]]:
    """What was tried over the made-up panel, and all that was said of the index there."""
    replay, dropouts, seen = Replay(market), Dropouts(market, seed), list[IndexState]()
    replay.watch("index", dropouts.see)
    replay.watch("index", seen.append)
    said = list(replay.run(panel.arrange(market, {name: made.table()[name] for name in made.table()})))
    assert len(said) == len(seen)
    return dropouts, seen


def test_months_of_finals_are_tried_and_counted() -> None:
    dropouts, seen = tried(made.market())
    rows, finals = dropouts.report(), sum(np.isfinite(one.index) for one in seen)
    assert [row["lost"] for row in rows] == list(LOST)
    assert {row["readings"] for row in rows} == {finals // EVERY * DRAWS}
    assert all(0.5 < row["held"] <= 1 and row["width"] > 0 for row in rows)
    assert [row["held"] for row in rows] != [1.0] * len(rows), "some losses are worse than the band"
    assert tried(made.market())[0].report() == rows, "the same seed loses the same"
    assert tried(made.market(), 1)[0].report() != rows


@pytest.mark.parametrize("form", ["z_mean", "rank_mean", "tail_mean", "ciss", "factor"])
def test_without_a_loss_the_index_is_what_it_was(form: str) -> None:
    market = Market.model_validate(made.market().model_dump() | {"form": form})
    dropouts, seen = tried(market)
    state = next(one for one in reversed(seen) if np.isfinite(one.index))
    whole = dropouts._without(state, np.ones(len(state.indications.live)))
    assert whole.value.index == pytest.approx(state.index, rel=1e-12)


def test_a_market_without_a_month_of_readings_has_no_row() -> None:
    assert Dropouts(made.market()).report() == []
