"""The networks that can be taught, by the names of their models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from models.deep.autoencoder import Autoencoder
from models.deep.encoder import Encoder
from models.deep.quantiles import pinball
from models.deep.recurrent import Recurrent
from models.ensemble.levels import LEVELS
from models.registry.manifest import Kind

BOUND: Final = 8.0
"""Labels are cut here in units of the scale, as those of the online learners are."""


@dataclass(frozen=True)
class Examples:
    """What a network is taught or checked by.

    Attributes:
        inputs: windows float32[n, 50, F] of a forecaster, rows float32[n, F] of a watcher.
        labels: changes in units of the scale, float32[n]; a watcher has none and reads none.
    """

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def on(self, device: str) -> Examples:
        """The same on a device."""
        return Examples(self.inputs.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Network:
    """A network by its name.

    Attributes:
        kind: what its model is for.
        build: makes one for the examples that it will be taught by.
        loss: mean over examples, lower is better.
    """

    kind: Kind
    build: Callable[[Examples], nn.Module]
    loss: Callable[[nn.Module, Examples], Tensor]


def _spread(taught: Examples) -> Tensor:
    """Quantiles of the labels at `LEVELS`, float32[Q]."""
    levels = torch.tensor(LEVELS, dtype=torch.float32)
    return torch.quantile(taught.labels.cpu().clamp(-BOUND, BOUND), levels)


def _missed(model: nn.Module, given: Examples) -> Tensor:
    return pinball(model(given.inputs), given.labels.clamp(-BOUND, BOUND))


def _surprised(model: nn.Module, given: Examples) -> Tensor:
    surprise: Tensor = model(given.inputs).surprise
    return surprise.mean()


def _width(taught: Examples) -> int:
    return int(taught.inputs.shape[-1])


NETWORKS: Final[dict[str, Network]] = {
    "lstm": Network("forecast", lambda taught: Recurrent(_width(taught), _spread(taught)), _missed),
    "transformer": Network("forecast", lambda taught: Encoder(_width(taught), _spread(taught)), _missed),
    "vae": Network("anomaly", lambda taught: Autoencoder(_width(taught)), _surprised),
}
