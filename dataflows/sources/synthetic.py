"""Synthetic prices: noise that can be asked for at any second, with calm and stress coming and going."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from schemas.market import Market

SECOND_US: Final = 1_000_000

_OCTAVES: Final = 14
"""Octaves of noise: from one second to about two hours and a quarter."""

_SPELL_S: Final = 240
"""Mean length of a spell of calm or stress, seconds."""

_VOLATILITY: Final = 4e-5
"""Standard deviation of a calm second's move, relative."""

Floats = npt.NDArray[np.float64]


class Synthetic:
    """Ticks of a synthetic market, second by second.

    Prices are sums of octaves of interpolated Gaussian noise (value noise; Ebert et al., Texturing and Modeling),
    each octave twice as long and sqrt(2) as large as the one before: like a random walk up to the longest octave, but
    known at any second without the seconds before. Stress widens the moves and lets the common factor rule them.
    """

    def __init__(self, market: Market, seed: int, rate: int, genesis_us: int) -> None:
        self.names = tuple(i.name for i in market.instrument)
        self._seed, self._rate, self._genesis = seed, rate, genesis_us // SECOND_US
        self._is_price = np.array([i.kind == "price" for i in market.instrument])
        groups = {name: group for group, name in enumerate(dict.fromkeys(n[:2] for n in self.names))}
        self._group = np.array([groups[n[:2]] for n in self.names])
        self._factors = 1 + len(groups)
        self._base = self._draw(1, 0, len(self.names))
        self._gaussian = lru_cache(maxsize=8 * _OCTAVES)(self._cell)

    def stress(self, second: int) -> float:
        """How stressed the synthetic market is at a second, 0..1: long calm, short storms."""
        cell, past = divmod(second, _SPELL_S)
        share = past / _SPELL_S
        smooth = share * share * (3 - 2 * share)
        before, after = (float(self._gaussian(40, c)[0]) for c in (cell, cell + 1))
        raw = before + smooth * (after - before)
        return float(1 / (1 + np.exp(-4 * (raw - 0.9))))

    def levels(self, second: int) -> Floats:
        """Price or rate of every instrument at the beginning of a second, float64[n]."""
        stress = self.stress(second)
        walk = np.zeros(self._factors + len(self.names))
        for octave in range(_OCTAVES):
            cell, past = divmod(second, 1 << octave)
            share = past / (1 << octave)
            before, after = self._gaussian(octave, cell), self._gaussian(octave, cell + 1)
            wide = 1 + 3 * stress if octave < 6 else 1.0  # longer octaves stay, or the level would leap with stress
            walk += wide * 2 ** (octave / 2) * (before + share * (after - before))
        common = 0.25 + 0.5 * stress
        factors, own = walk[: self._factors], walk[self._factors :]
        moves = np.sqrt(common) * (0.6 * factors[0] + 0.8 * factors[1 + self._group]) + np.sqrt(1 - common) * own
        price = 100 * np.exp(0.2 * self._base + _VOLATILITY * moves)
        rate = 2 + 0.3 * self._base + 40 * _VOLATILITY * moves + 1.2 * stress
        return np.asarray(np.where(self._is_price, price, rate), np.float64)

    def second(self, second: int) -> dict[str, Any]:
        """All ticks of one second, in time order: columns `instrument` (codes), `ts_us`, `price`, `size`."""
        n = len(self.names)
        count = self._rate if second >= self._genesis else n
        random = self._generator(2, second)
        at_us = np.sort(random.integers(0, SECOND_US, count))
        code = (random.permutation(count) % n).astype(np.int32)
        here, there = self.levels(second), self.levels(second + 1)
        share = at_us / SECOND_US
        exact = here[code] + share * (there[code] - here[code])
        noise = 1 + 2e-6 * random.standard_normal(count)
        size = np.floor(1 + 99 * random.random(count))
        return {"instrument": code, "ts_us": second * SECOND_US + at_us, "price": exact * noise, "size": size}

    def _cell(self, octave: int, cell: int) -> Floats:
        """Gaussian values of one cell of one octave: the factors', then the instruments' own."""
        return self._draw(100 + octave, cell, self._factors + len(self.names))

    def _draw(self, stream: int, counter: int, size: int) -> Floats:
        return self._generator(stream, counter).standard_normal(size)

    def _generator(self, stream: int, counter: int) -> np.random.Generator:
        """A generator of its own for each (stream, counter): Philox is made to be entered anywhere."""
        return np.random.Generator(np.random.Philox(key=[self._seed, stream], counter=[0, 0, counter, 0]))
