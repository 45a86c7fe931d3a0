"""A watcher for anomalies: a variational autoencoder of the features of one moment."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

LEAST_LOG_VARIANCE: float = -5.0
"""Of what the decoder leaves unexplained: a feature that never varies must not make everything else unlikely."""


class Said(NamedTuple):
    """Of each row: mean squared error of its reconstruction, and the negative ELBO, nats; float32[B]."""

    reconstruction: Tensor
    surprise: Tensor


class Autoencoder(nn.Module):
    """VAE (Kingma and Welling 2014): normal code, normal features with one variance each.

    -ELBO = E_q[-log p(x | z)] + KL(q(z | x) || N(0, I)). Taught by one draw of z a row; asked, it takes the mean of
    q instead of a draw: the same row gets the same answer, always.
    """

    def __init__(self, features: int, hidden: int = 32, code: int = 6) -> None:
        """Over rows of so many features."""
        super().__init__()
        self.inwards = nn.Sequential(nn.Linear(features, hidden), nn.Tanh())
        self.coded = nn.Linear(hidden, 2 * code)  # `code` is taken: an exported graph has a property of that name
        self.outwards = nn.Sequential(nn.Linear(code, hidden), nn.Tanh(), nn.Linear(hidden, features))
        self.log_variance = nn.Parameter(torch.zeros(features))

    def forward(self, row: Tensor) -> Said:
        """What is said of rows float32[B, F]."""
        mean, log_variance = self.coded(self.inwards(row)).chunk(2, dim=1)
        log_variance = log_variance.clamp(-8.0, 8.0)
        drawn = mean
        if self.training:
            drawn = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        error = (row - self.outwards(drawn)) ** 2
        left = self.log_variance.clamp(min=LEAST_LOG_VARIANCE)
        likelihood = 0.5 * (error * torch.exp(-left) + left + math.log(2 * math.pi)).sum(dim=1)
        divergence = 0.5 * (mean**2 + torch.exp(log_variance) - log_variance - 1).sum(dim=1)
        return Said(error.mean(dim=1), likelihood + divergence)
