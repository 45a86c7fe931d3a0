"""Walk-forward splits whose parts do not know each other: purged of labels that come late, with an embargo between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from models.features import LENGTH

Whole = npt.NDArray[np.int64]

CHECKED: Final = 0.15
"""Part of what came before a judged block that early stopping looks at."""

LEAST: Final = 50
"""Lessons that each part must have."""


class TooShortError(ValueError):
    """A history has too few lessons; the message says how many it needs."""


@dataclass(frozen=True)
class Split:
    """Places of lessons: a network is taught by the first, stopped by the second, judged on the third; int64[n]."""

    taught: Whole
    checked: Whole
    judged: Whole


def splits(at_us: Whole, due_us: Whole, first: int, folds: int, embargo: int = LENGTH) -> Iterator[Split]:
    """So many blocks one after another; each is judged by what was taught and stopped before it (expanding).

    Purged: a lesson whose label came at or after the first moment of the next part is left out. Embargoed: so are the
    last lessons before it (López de Prado 2018, section 7.4), by default as many as a window is long, so that no row
    of a window is shared.

    Args:
        at_us: moments, sorted, microseconds since 1970 (UTC).
        due_us: when their labels came.
        first: place of the first lesson that is judged.
        folds: blocks.
        embargo: lessons between two parts.

    Raises:
        TooShortError: a part would have fewer than `LEAST` lessons.
    """
    bounds = np.linspace(first, len(at_us), folds + 1).astype(np.int64)
    for begin, end in pairwise(bounds):
        known = _before(at_us, due_us, int(begin), embargo)
        cut = max(len(known) - max(int(CHECKED * len(known)), LEAST), 0)
        one = Split(_before(at_us, due_us, cut, embargo), known[cut:], np.arange(begin, end))
        if min(map(len, (one.taught, one.checked, one.judged))) < LEAST:
            msg = (
                f"{len(at_us)} lessons are too few for {folds} folds: each must teach, check and judge {LEAST}: "
                "give a longer panel, or fewer folds"
            )
            raise TooShortError(msg)
        yield one


def _before(at_us: Whole, due_us: Whole, place: int, embargo: int) -> Whole:
    """Places before one that know nothing of it."""
    found = np.arange(max(place - embargo, 0))
    return found[due_us[found] < at_us[place]] if place < len(at_us) else found
