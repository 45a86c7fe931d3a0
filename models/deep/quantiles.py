"""The last layer of a forecaster, quantiles that cannot cross, and the loss that it is taught by."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.ensemble.levels import LEVELS, MEDIAN

SMALLEST: float = 1e-3
"""Least distance of neighbouring quantiles, in units of the scale."""

REACH: float = 0.25
"""How far the middle may go from the labels' median, in units of the scale."""

STRETCH: float = 0.5
"""How far what becomes a distance may go from that of an untaught network, before softplus."""


class QuantileHead(nn.Module):
    """A middle, and distances from each level to the next one outwards.

    The middle is a linear map, the distances are `SMALLEST + softplus` of one, summed outwards from the median: the
    quantiles are sorted whatever the weights are (Gasthaus et al. 2019 build a quantile function of increments in the
    same manner). All weights begin at zero and the biases at the quantiles of the labels: an untaught network says
    "as now", with the spread that changes have had, and whatever it says more it has learned. It never says much
    more: a linear map of features that go together answers a crisis like none that it was taught by with moves that
    nothing has shown (docs/forecast.md, section 10), so both maps are bent by tanh.
    """

    sums: Tensor

    def __init__(self, width: int, quantiles: Tensor) -> None:
        """Over float32[B, width]; `quantiles` of the labels at `LEVELS`, float32[Q], sorted."""
        super().__init__()
        gaps = (quantiles.diff() - SMALLEST).clamp(min=SMALLEST)
        self.middle = nn.Linear(width, 1)
        self.gaps = nn.Linear(width, len(LEVELS) - 1)
        for layer in (self.middle, self.gaps):
            nn.init.zeros_(layer.weight)
        with torch.no_grad():
            self.middle.bias.fill_(float(quantiles[MEDIAN]))
            self.gaps.bias.copy_(torch.log(torch.expm1(gaps)))
        self.register_buffer("sums", outwards())

    def forward(self, x: Tensor) -> Tensor:
        """Quantiles at `LEVELS`, float32[B, Q], sorted."""
        gaps = SMALLEST + nn.functional.softplus(_bent(self.gaps, x, STRETCH))
        return _bent(self.middle, x, REACH) + gaps @ self.sums

    def extra_repr(self) -> str:
        """What of it no size shows."""
        return f"reach={REACH}, stretch={STRETCH}"


def _bent(layer: nn.Linear, x: Tensor, most: float) -> Tensor:
    """A linear map that goes so far from its biases at most."""
    moved: Tensor = most * torch.tanh(nn.functional.linear(x, layer.weight) / most)
    return layer.bias + moved


def outwards() -> Tensor:
    """What distances between neighbours add up to, seen from the median: float32[Q - 1, Q]."""
    sums = torch.zeros(len(LEVELS) - 1, len(LEVELS))
    for level in range(len(LEVELS)):
        sums[MEDIAN:level, level] = 1.0
        sums[level:MEDIAN, level] = -1.0
    return sums


def pinball(quantiles: Tensor, came: Tensor) -> Tensor:
    """Mean of rho_q(y - x) = (y - x) (q - 1[y < x]) over moments and levels (Koenker and Bassett 1978).

    Args:
        quantiles: float32[B, Q].
        came: float32[B].
    """
    levels = quantiles.new_tensor(LEVELS)
    beyond = came[:, None] - quantiles
    return torch.maximum(levels * beyond, (levels - 1) * beyond).mean()
