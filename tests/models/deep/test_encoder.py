"""A Transformer encoder over the window."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

import torch

from models.deep.encoder import Encoder, positions

SPREAD = torch.linspace(-1.6, 1.6, 9)


def taught() -> Encoder:
    """One whose head says something."""
    torch.manual_seed(3)
    model = Encoder(6, SPREAD)
    torch.nn.init.normal_(model.head.middle.weight, std=0.02)
    return model.eval()


def test_untaught_it_says_persistence() -> None:
    assert torch.allclose(Encoder(6, SPREAD).eval()(torch.randn(3, 50, 6)), SPREAD.expand(3, -1), atol=5e-3)


def test_every_moment_of_the_window_is_heard() -> None:
    given = torch.randn(1, 50, 6, requires_grad=True)
    taught()(given).sum().backward()
    assert bool((given.grad.abs().sum(dim=2) > 0).all())


def test_the_order_of_moments_matters() -> None:
    given = torch.randn(1, 50, 6)
    turned = torch.cat([given[:, :-1].flip(1), given[:, -1:]], dim=1)
    assert not torch.allclose(taught()(given), taught()(turned), atol=1e-6)


def test_an_answer_does_not_depend_on_its_neighbours() -> None:
    given = torch.randn(7, 50, 6)
    alone = torch.cat([taught()(one[None]) for one in given])
    assert torch.allclose(taught()(given), alone, atol=1e-5)


def test_places_have_vectors_of_their_own() -> None:
    found = positions(50, 32)
    assert found[0, ::2].abs().max() == 0
    assert found[0, 1::2].min() == 1
    assert torch.pdist(found).min() > 0.1
