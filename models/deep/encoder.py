"""A forecaster of attention alone: a Transformer encoder over the window."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from models.deep.quantiles import QuantileHead
from models.features import LENGTH


class Encoder(nn.Module):
    """Multi-head self-attention with positions (Vaswani et al. 2017), layer norms before (Xiong et al. 2020).

    Its view of the present moment goes to the quantiles, beside the present features themselves.
    """

    positions: Tensor

    def __init__(
        self, features: int, quantiles: Tensor, *, width: int = 32, heads: int = 4, layers: int = 2, drop: float = 0.2
    ) -> None:
        """Over windows of so many features, beginning at `quantiles` of the labels, float32[Q]."""
        super().__init__()
        self.embedding = nn.Linear(features, width)
        self.blocks = nn.ModuleList(_Block(width, heads, drop) for _ in range(layers))
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(drop)
        self.head = QuantileHead(width + features, quantiles)
        self.register_buffer("positions", positions(LENGTH, width))

    def forward(self, window: Tensor) -> Tensor:
        """Quantiles, float32[B, Q], of windows float32[B, 50, F]."""
        x = self.dropout(self.embedding(window) + self.positions)
        for block in self.blocks:
            x = block(x)
        return self.head(torch.cat([self.dropout(self.norm(x[:, -1])), window[:, -1]], dim=1))


class _Block(nn.Module):
    """Attention, then a small network of each moment by itself, each added to what goes through."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.joint, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.dropout(self._attended(self.before(x)))
        return x + self.dropout(self.inner(self.between(x)))

    def _attended(self, x: Tensor) -> Tensor:
        """softmax(Q K' / sqrt(d)) V of each head, float32[B, 50, width]."""
        split = (*x.shape[:2], self.heads, x.shape[2] // self.heads)
        q, k, v = (one.reshape(split).transpose(1, 2) for one in self.joint(x).chunk(3, dim=-1))
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(split[-1]), dim=-1)
        return self.mixed((weights @ v).transpose(1, 2).reshape(x.shape))


def positions(length: int, width: int) -> Tensor:
    """Sines and cosines of each place, float32[length, width] (Vaswani et al. 2017, section 3.5)."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).reshape(length, width)
