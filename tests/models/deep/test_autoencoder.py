"""A watcher that is surprised by what it was not taught."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

import torch

from models.deep.autoencoder import Autoencoder
from models.deep.catalogue import NETWORKS, Examples
from models.deep.fitting import Recipe, fit


def rows(seed: int, n: int = 600) -> torch.Tensor:
    """Eight features of two causes."""
    draw = torch.Generator().manual_seed(seed)
    mixing = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    return torch.randn(n, 2, generator=draw) @ mixing + 0.1 * torch.randn(n, 8, generator=draw)


def test_asked_twice_it_says_the_same() -> None:
    model = Autoencoder(8).eval()
    assert torch.equal(model(rows(1)).surprise, model(rows(1)).surprise)


def test_what_breaks_the_company_of_features_surprises() -> None:
    def examples(seed: int) -> Examples:
        return Examples(rows(seed), torch.zeros(600))

    model = fit(NETWORKS["vae"], examples(1), examples(2), Recipe(epochs=25, rate=5e-3)).model
    usual = rows(3)
    broken = usual[:, torch.randperm(8, generator=torch.Generator().manual_seed(4))]
    with torch.no_grad():
        assert float(model(broken).surprise.median()) > float(model(usual).surprise.quantile(0.95))


def test_surprise_is_finite_far_away() -> None:
    said = Autoencoder(8).eval()(torch.full((1, 8), 6.0))
    assert bool(torch.isfinite(said.surprise).all() and torch.isfinite(said.reconstruction).all())
