"""A recurrent forecaster: three layers of LSTM, attention over their 50 states."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.deep.quantiles import QuantileHead


class Recurrent(nn.Module):
    """LSTM (Hochreiter and Schmidhuber 1997) with additive attention (Bahdanau, Cho and Bengio 2015).

    The state at the present moment asks, the states of all 50 moments answer: score = v' tanh(W s + U now), weights
    are their softmax. Answer and question go to the quantiles, beside the present features themselves (a linear model
    is within its reach from the first step on).
    """

    def __init__(
        self, features: int, quantiles: Tensor, *, hidden: int = 32, layers: int = 3, dropout: float = 0.2
    ) -> None:
        """Over windows of so many features, beginning at `quantiles` of the labels, float32[Q]."""
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True, dropout=dropout)
        self.states, self.asked = nn.Linear(hidden, hidden, bias=False), nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.head = QuantileHead(2 * hidden + features, quantiles)

    def forward(self, window: Tensor) -> Tensor:
        """Quantiles, float32[B, Q], of windows float32[B, 50, F]."""
        states, _ = self.lstm(window)
        now = states[:, -1]
        scores = self.score(torch.tanh(self.states(states) + self.asked(now)[:, None]))
        seen = (torch.softmax(scores, dim=1) * states).sum(dim=1)
        return self.head(torch.cat([self.dropout(torch.cat([seen, now], dim=1)), window[:, -1]], dim=1))
