"""Quantiles that cannot cross, and a loss that the true quantile makes smallest."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

import torch

from models.deep.quantiles import REACH, STRETCH, QuantileHead, outwards, pinball
from models.ensemble.levels import LEVELS, MEDIAN
from models.ensemble.levels import pinball as served

SPREAD = torch.tensor([-1.6, -1.0, -0.7, -0.4, 0.0, 0.4, 0.7, 1.0, 1.6])


def test_untaught_it_says_the_quantiles_of_the_labels() -> None:
    said = QuantileHead(4, SPREAD)(torch.randn(5, 4))
    assert torch.allclose(said, SPREAD.expand(5, -1), atol=5e-3)


def test_whatever_the_weights_are_quantiles_are_sorted() -> None:
    torch.manual_seed(1)
    head = QuantileHead(4, SPREAD)
    for one in head.parameters():
        torch.nn.init.normal_(one, std=3.0)
    assert bool((head(10 * torch.randn(200, 4)).diff(dim=1) > 0).all())


def test_inputs_like_none_that_it_was_taught_by_move_it_no_further_than_it_may() -> None:
    torch.manual_seed(1)
    head = QuantileHead(4, SPREAD)
    for layer in (head.middle, head.gaps):
        torch.nn.init.normal_(layer.weight, std=3.0)
    said = head(1000 * torch.randn(200, 4)).detach()
    assert float((said[:, MEDIAN] - SPREAD[MEDIAN]).abs().max()) <= REACH + 1e-5
    assert float(said.diff(dim=1).max()) < float(SPREAD.diff().max()) + STRETCH


def test_distances_add_up_outwards() -> None:
    added = torch.ones(len(LEVELS) - 1) @ outwards()
    assert added.tolist() == [float(n - MEDIAN) for n in range(len(LEVELS))]


def test_the_loss_is_the_one_that_serving_counts_by() -> None:
    torch.manual_seed(2)
    said, came = torch.randn(50, len(LEVELS)).sort(dim=1).values, torch.randn(50)
    here = served(said.double().numpy(), came.double().numpy()[:, None]).mean()
    assert float(pinball(said, came)) == pytest.approx(float(here), rel=1e-5)
