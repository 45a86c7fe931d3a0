"""Which indicator belongs to which segment, what it weighs, and whom it replaces (OFR's rules for inputs that end)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.signals.compiled import compiled
from models.signals.step import Flags, Floats
from schemas.indicator import Indicator
from schemas.market import Market


@dataclass(frozen=True, slots=True)
class Layout:
    """Which indicator belongs to which segment, and what segments weigh.

    Attributes:
        segment: position of each indicator's segment, intp[J].
        weight: weight of each segment, float64[S], sum 1.
        loading: weight of each indicator within its segment, float64[J]; 0 for those that are only watched.
        ancestors: `ancestors[j, k]` where j replaces k, directly or in turn, bool[J, J].
        role: position of the first indicator of each one's line of succession, intp[J]; its own without one.
        replaced: pairs (j, k) of `ancestors`, intp[R, 2].
    """

    segment: npt.NDArray[np.intp]
    weight: Floats
    loading: Floats
    ancestors: Flags
    role: npt.NDArray[np.intp]
    replaced: npt.NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        """Few indicators replace another: their pairs are looked through, not the matrix."""
        object.__setattr__(self, "replaced", np.argwhere(self.ancestors))

    @classmethod
    def of(cls, market: Market) -> Layout:
        """The layout of a market file; weights are normalised."""
        sizes = [len(s.indicator) for s in market.segment]
        weight = np.array([s.weight for s in market.segment])
        ancestors = _ancestors([i for s in market.segment for i in s.indicator])
        role = np.where(ancestors.any(axis=1), ancestors.argmax(axis=1), np.arange(len(ancestors)))
        loading = np.array([i.weight for s in market.segment for i in s.indicator])
        return cls(np.repeat(np.arange(len(sizes)), sizes), weight / weight.sum(), loading, ancestors, role)

    def counted(self, scores: Floats, live: Floats) -> Floats:
        """Live shares that count, float64[J]: 0 without a score, and 0 where one that it replaces still has one.

        An input that ended stops acting; its successor, trained on all of its own past, acts from then on and changes
        nothing before (OFR's rules for inputs that end, index-methods section 2).
        """
        found = np.empty(len(scores))
        _counted(self.replaced, scores, live, found)
        return found

    def coverage(self, counted: Floats) -> float:
        """Weight of what counts among all that could, 0..1: segments by their weights, roles by theirs."""
        return float(_coverage(self.segment, self.role, self.weight, self.loading, counted))

    def complete(self, counted: Floats) -> bool:
        """Whether somebody stands in every role that has a weight, wholly live."""
        return bool(_complete(self.role, self.loading, counted))

    def sums(self, values: Floats) -> Floats:
        """Sums over the indicators of each segment, in their order, float64[S]."""
        sums: Floats = np.bincount(self.segment, weights=values, minlength=len(self.weight)).astype(np.float64)
        return sums


@compiled
def _counted(replaced: npt.NDArray[np.intp], scores: Floats, live: Floats, found: Floats) -> None:
    """Live shares that count."""
    for j in range(len(scores)):
        found[j] = live[j] if scores[j] == scores[j] else 0.0
    for r in range(len(replaced)):
        j, k = replaced[r]
        if scores[k] == scores[k] and live[k] > 0:
            found[j] = 0.0


@compiled
def _coverage(
    segment: npt.NDArray[np.intp], role: npt.NDArray[np.intp], weight: Floats, loading: Floats, counted: Floats
) -> float:
    """Weight of what counts among all that could; indicators that replace another add no role."""
    found, whole = np.zeros(len(weight)), np.zeros(len(weight))
    for k in range(len(segment)):
        found[segment[k]] += counted[k] * loading[k]
        whole[segment[k]] += loading[k] if role[k] == k else 0.0
    covered = 0.0
    for s in range(len(weight)):
        covered += weight[s] * found[s] / whole[s]
    return covered


@compiled
def _complete(role: npt.NDArray[np.intp], loading: Floats, counted: Floats) -> bool:
    """Whether every role with a weight is filled."""
    filled = np.zeros(len(role))
    for k in range(len(role)):
        filled[role[k]] += counted[k]
    complete = True
    for k in range(len(role)):
        complete = complete and (role[k] != k or loading[k] == 0 or filled[k] >= 1)
    return complete


def _ancestors(indicators: list[Indicator]) -> Flags:
    """Whom each indicator replaces, directly or in turn; predecessors stand before their successors."""
    at = {i.name: n for n, i in enumerate(indicators)}
    found = np.zeros((len(at), len(at)), np.bool_)
    for n, i in enumerate(indicators):
        if i.replaces is not None:
            found[n] = found[at[i.replaces]]
            found[n, at[i.replaces]] = True
    return found
