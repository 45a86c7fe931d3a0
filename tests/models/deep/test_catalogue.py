"""Networks by their names."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="torch is not installed: make test-train")

import torch

from models.deep.catalogue import BOUND, NETWORKS, Examples


@pytest.mark.parametrize("name", NETWORKS)
def test_each_is_built_and_has_a_loss_with_gradients(name: str) -> None:
    network = NETWORKS[name]
    shape = (40, 50, 6) if network.kind == "forecast" else (40, 6)
    given = Examples(torch.randn(shape), torch.randn(40))
    model = network.build(given)
    network.loss(model, given).backward()
    assert all(one.grad is not None for one in model.parameters())


def test_labels_are_cut() -> None:
    network, calm = NETWORKS["lstm"], Examples(torch.zeros(40, 50, 6), torch.randn(40))
    model = network.build(calm).eval()
    at, beyond = (Examples(calm.inputs, torch.full((40,), BOUND * n)) for n in (1.0, 9.0))
    with torch.no_grad():
        assert float(network.loss(model, at)) == float(network.loss(model, beyond))


def test_examples_move_between_devices() -> None:
    given = Examples(torch.zeros(3, 2), torch.zeros(3))
    assert len(given.on("cpu")) == 3
