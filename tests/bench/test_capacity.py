"""Plans are arithmetic that can be done by hand; simulated loads behave as queues do; the page shows both."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench import capacity, simulation
from bench.capacity import ARROW, JSON, KEY, STORE, Load, plan

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
SMALL = Load(1e6, ARROW, instruments=500, viewers=100_000)


def test_a_plan_by_hand() -> None:
    """13.38 million ticks a second and a core, used to 0.6: 100 million take 12.5 of them."""
    load = Load(1e8, ARROW, instruments=10_000, readings=1.0, viewers=1_000_000)
    needs = plan(load)
    assert (needs.workers, needs.partitions, needs.brokers) == (13, 64, 12)
    assert (needs.senders, needs.processes) == (15, 59)
    assert capacity.save_ms(load, 64) == pytest.approx(3.2 * 1e4 * (168 + 280 + 48 * 64) / 1e6)
    assert needs.first == STORE


@pytest.mark.parametrize("load", capacity.LOADS)
def test_what_can_be_added_to_has_room(load: Load) -> None:
    needs = plan(load)
    for part in ("workers", "brokers", "senders"):
        assert 0 < needs.busy[part] <= capacity.BUSY + 1e-9
    assert needs.partitions >= needs.workers
    assert needs.partitions & (needs.partitions - 1) == 0


def test_many_readings_fill_the_market_s_own_worker_first() -> None:
    assert plan(dataclasses.replace(SMALL, readings=100.0)).first == KEY


def test_full_is_full() -> None:
    load = Load(1e6, JSON, instruments=10_000)
    full = capacity.most(load)
    assert max(plan(dataclasses.replace(load, ticks=full)).busy[name] for name in capacity.SINGLE) < 1
    beyond = plan(dataclasses.replace(load, ticks=full * 1.02))
    assert max(beyond.busy[name] for name in capacity.SINGLE) >= 1


def test_without_ticks_nothing_waits() -> None:
    left = simulation.behind(np.zeros((50, 3)), np.full((50, 3), 0.5), 75.0)
    assert not left.any()


def test_what_waits_is_what_came_less_what_was_done() -> None:
    come = np.zeros((5, 1))
    come[0] = 3e6 / 75  # three milliseconds of work
    left = simulation.behind(come, np.ones((5, 1)), 75.0)
    np.testing.assert_allclose(left[:, 0], [2, 1, 0, 0, 0], atol=1e-9)


def test_a_save_takes_a_worker_s_time_once_an_epoch() -> None:
    load = Load(1e7, ARROW, instruments=10_000)
    needs = plan(load)
    free = simulation.served(load, needs)
    taken = (1 - free).sum(axis=0) / simulation.SECONDS
    saved = capacity.save_ms(load, needs.partitions)
    copied = saved / capacity.SAVE_MS * simulation.PICKLE_MS / needs.workers
    assert taken[0] == pytest.approx(4 * (saved + copied), rel=0.01)
    assert taken[-1] == pytest.approx(4 * copied + capacity.reading_ms(load, needs.partitions), rel=0.01)


def test_all_ticks_come() -> None:
    come = simulation.ticks(SMALL, 4, seed=1)
    begin, end, factor = simulation.BELL
    assert come.sum() == pytest.approx(1e6 * (simulation.SECONDS + (factor - 1) * (end - begin)), rel=0.01)


def test_a_load_with_room_recovers_and_one_whose_saves_outlast_their_epoch_never_does() -> None:
    calm = simulation.simulate(SMALL, plan(SMALL))
    assert calm.keeps_up
    assert calm.recovered == 0
    heavy = Load(1e8, JSON, instruments=10_000)
    assert plan(heavy).busy[STORE] > 1
    lost = simulation.simulate(heavy, plan(heavy))
    assert not lost.keeps_up
    assert lost.recovered == np.inf


def test_the_last_viewer_waits_for_all_others_of_a_sender() -> None:
    one = Load(1e6, ARROW, 500, readings=1.0, viewers=100_000)
    needs = dataclasses.replace(plan(one), senders=2)
    assert simulation.simulate(one, needs).viewer == pytest.approx(50_000 * 9 / 1e3)
    late = simulation.simulate(dataclasses.replace(one, readings=4.0), needs)
    assert late.viewer > 10 * 450  # each reading comes before the last is told


def test_the_page_shows_what_these_say() -> None:
    page = PAGE.read_text()
    assert capacity.table() in page
    assert simulation.table() in page
