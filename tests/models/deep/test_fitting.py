"""Teaching: seeded, stopped early, and the same after a fall."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

import copy
from typing import Any

import torch

from models.deep.catalogue import NETWORKS, Examples
from models.deep.fitting import NotFiniteError, Recipe, fit, loss

RECIPE = Recipe(epochs=4, batch=32)


class Kept:
    """Keeps in memory, and falls after so many epochs."""

    def __init__(self, falls_after: int = 10**9) -> None:
        self.states: list[dict[str, Any]] = []
        self.falls_after = falls_after

    def load(self) -> dict[str, Any] | None:
        """The last state."""
        return self.states[-1] if self.states else None

    def save(self, state: dict[str, Any]) -> None:
        """Keeps it, or falls."""
        self.states.append(copy.deepcopy(state))
        if len(self.states) == self.falls_after:
            raise KeyboardInterrupt


def examples(seed: int, n: int = 128, told: float = 1.0) -> Examples:
    """Labels that the last moment's first feature tells."""
    draw = torch.Generator().manual_seed(seed)
    inputs = torch.randn(n, 50, 5, generator=draw)
    return Examples(inputs, told * inputs[:, -1, 0] + 0.3 * torch.randn(n, generator=draw))


def weights(at: Any) -> torch.Tensor:
    return torch.cat([one.flatten() for one in at.model.state_dict().values()])


def test_it_learns_what_can_be_learned() -> None:
    """As far as its head may go: its middle moves by a quarter, the labels by one."""
    network, judged = NETWORKS["transformer"], examples(3)
    at = fit(network, examples(1, 512), examples(2), Recipe(epochs=15, batch=32, rate=5e-3))
    assert loss(network, at.model, judged) < 0.7 * loss(network, network.build(examples(1)), judged)


def test_the_same_seed_gives_the_same_weights() -> None:
    one, other, third = (
        weights(fit(NETWORKS["lstm"], examples(1), examples(2), Recipe(epochs=2, seed=seed))) for seed in (1, 1, 2)
    )
    assert torch.equal(one, other)
    assert not torch.equal(one, third)


def test_a_fit_that_fell_ends_as_one_that_did_not() -> None:
    kept = Kept(falls_after=2)
    with pytest.raises(KeyboardInterrupt):
        fit(NETWORKS["transformer"], examples(1), examples(2), RECIPE, keeper=kept)
    kept.falls_after = 10**9
    again = fit(NETWORKS["transformer"], examples(1), examples(2), RECIPE, keeper=kept)
    plain = fit(NETWORKS["transformer"], examples(1), examples(2), RECIPE)
    assert torch.equal(weights(again), weights(plain))
    assert again.losses == plain.losses


def test_it_stops_when_the_checks_get_no_better() -> None:
    noise = examples(1, told=0.0)
    at = fit(NETWORKS["lstm"], noise, examples(2, told=-3.0), Recipe(epochs=30, patience=2, rate=1e-2))
    assert len(at.losses) < 30
    assert at.best_loss <= min(one.checked for one in at.losses)


def test_a_loss_that_is_no_number_is_told() -> None:
    given = examples(1)
    broken = Examples(given.inputs * float("nan"), given.labels)
    with pytest.raises(NotFiniteError, match="look at the inputs"):
        fit(NETWORKS["transformer"], broken, given, RECIPE)
