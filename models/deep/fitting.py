"""How a network is taught: epochs of small batches, until it no longer gets better at what it is not taught by."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from models.deep.catalogue import Examples, Network

CLIP: Final = 1.0
"""Norm of gradients; recurrent ones explode now and then."""

CHECKED_AT_ONCE: Final = 1024


@dataclass(frozen=True)
class Recipe:
    """How it is taught.

    Attributes:
        epochs: at most.
        patience: epochs without a better loss on the checks before it ends.
        batch: examples a step.
        rate: of AdamW (Loshchilov and Hutter 2019).
        decay: of its weights.
        seed: of first weights, order and dropout.
    """

    epochs: int = 40
    patience: int = 6
    batch: int = 128
    rate: float = 1e-3
    decay: float = 1e-2
    seed: int = 1


class Losses(NamedTuple):
    """Of an epoch: on what it was taught by (with dropout), and on the checks."""

    taught: float
    checked: float


class NotFiniteError(RuntimeError):
    """A loss is no number; the message says what to do."""


@dataclass
class Progress:
    """Where a fit stands between two epochs.

    Attributes:
        model: the network as it is now.
        optimizer: state of AdamW.
        best: weights of the best epoch.
        losses: of the epochs so far.
        best_epoch: how many epochs had gone by when it was best; 0 is the untaught network.
        best_loss: on the checks.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    best: dict[str, Tensor]
    best_loss: float
    best_epoch: int = 0
    losses: list[Losses] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        """As plain data and tensors."""
        return {
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "best": self.best,
            "best_loss": self.best_loss, "best_epoch": self.best_epoch, "losses": [tuple(one) for one in self.losses],
        }  # fmt: skip

    def load(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.best_loss, self.best_epoch = state["best"], state["best_loss"], state["best_epoch"]
        self.losses = [Losses(*one) for one in state["losses"]]


class Keeper(Protocol):
    """Where a fit is kept between its epochs, so that it goes on after a fall."""

    def load(self) -> dict[str, Any] | None:
        """The state of the last epoch that was kept; None: begin anew."""
        ...

    def save(self, state: dict[str, Any]) -> None:
        """Keeps the state."""
        ...


Told = Callable[[list[Losses]], None]
"""Told the losses so far after every epoch."""


def fit(
    network: Network,
    taught: Examples,
    checked: Examples,
    recipe: Recipe,
    *,
    device: str = "cpu",
    keeper: Keeper | None = None,
    told: Told = lambda _losses: None,
) -> Progress:
    """Teaches a network; its weights are those of the epoch that was best on the checks.

    An epoch's randomness comes from the seed and its number alone: a fit that goes on after a fall gives the same
    weights as one that did not fall (on one processor; CUDA sums in another order now and then).

    Raises:
        NotFiniteError: the loss is no number.
    """
    torch.manual_seed(recipe.seed)
    taught, checked = taught.on(device), checked.on(device)
    at = _begun(network, taught, checked, recipe, device)
    state = keeper.load() if keeper else None
    if state is not None:
        at.load(state)
    while len(at.losses) < recipe.epochs and len(at.losses) - at.best_epoch < recipe.patience:
        _epoch(network, taught, checked, recipe, at)
        if keeper:
            keeper.save(at.state())
        told(at.losses)
    at.model.load_state_dict(at.best)
    at.model.eval()
    return at


def _begun(network: Network, taught: Examples, checked: Examples, recipe: Recipe, device: str) -> Progress:
    model = network.build(taught).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), recipe.rate, weight_decay=recipe.decay)
    return Progress(model, optimizer, copy.deepcopy(model.state_dict()), loss(network, model, checked))


def _epoch(network: Network, taught: Examples, checked: Examples, recipe: Recipe, at: Progress) -> None:
    """Every example once, in an order of the epoch's own."""
    number = len(at.losses) + 1
    torch.manual_seed(recipe.seed * 1_000_003 + number)
    at.model.train()
    total = 0.0
    for chosen in _batches(len(taught), recipe.batch, taught.inputs.device):
        at.optimizer.zero_grad()
        missed = network.loss(at.model, Examples(taught.inputs[chosen], taught.labels[chosen]))
        missed.backward()
        nn.utils.clip_grad_norm_(at.model.parameters(), CLIP)
        at.optimizer.step()
        total += float(missed.detach()) * len(chosen)
    now = Losses(total / len(taught), loss(network, at.model, checked))
    if not all(map(math.isfinite, now)):
        msg = f"the loss is no number after {number} epochs: look at the inputs, or teach at a lower rate"
        raise NotFiniteError(msg)
    at.losses.append(now)
    if now.checked < at.best_loss:
        at.best, at.best_loss, at.best_epoch = copy.deepcopy(at.model.state_dict()), now.checked, number


def _batches(count: int, size: int, device: torch.device) -> Iterator[Tensor]:
    yield from torch.randperm(count).to(device).split(size)


def loss(network: Network, model: nn.Module, given: Examples) -> float:
    """Mean loss without dropout."""
    model.eval()
    total = 0.0
    with torch.no_grad():
        for first in range(0, len(given), CHECKED_AT_ONCE):
            part = slice(first, first + CHECKED_AT_ONCE)
            some = Examples(given.inputs[part], given.labels[part])
            total += float(network.loss(model, some)) * len(some)
    return total / len(given)
