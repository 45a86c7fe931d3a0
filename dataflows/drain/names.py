"""A feed's instruments by name, as a table that compiled code can search."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

_SEED: Final = 14695981039346656037
_FACTOR: Final = 1099511628211
_WORD: Final = (1 << 64) - 1


class Names(NamedTuple):
    """Open addressing over FNV-1a hashes (Fowler, Noll, Vo); a name counts as found only if all its bytes are equal.

    Attributes:
        slots: hash at each place, uint64[2^k].
        codes: code at each place, -1 where free, int32[2^k].
        starts: where each name begins in `letters`, int64[n + 1].
        letters: all names one after another, uint8.
    """

    slots: npt.NDArray[np.uint64]
    codes: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    letters: npt.NDArray[np.uint8]

    @property
    def places(self) -> tuple[int, int, int, int, int]:
        """Addresses of the four, good as long as they are held, and the mask of the table's size."""
        slots, codes, starts, letters = (column.ctypes.data for column in self)
        return slots, codes, starts, letters, len(self.slots) - 1


def table(names: tuple[str, ...]) -> Names:
    """The table of names by their position; at least half of its places are free."""
    spelled = [name.encode() for name in names]
    size = 1 << (2 * max(len(names), 1)).bit_length()
    slots, codes = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    for code, name in enumerate(spelled):
        place = hashed(name) & (size - 1)
        while codes[place] >= 0:
            place = (place + 1) & (size - 1)
        slots[place], codes[place] = hashed(name), code
    starts: Any = np.cumsum([0, *map(len, spelled)])
    return Names(slots, codes, starts.astype(np.int64), np.frombuffer(b"".join(spelled) or b"\0", np.uint8))


def hashed(name: bytes) -> int:
    """FNV-1a, 64 bits."""
    found = _SEED
    for letter in name:
        found = (found ^ letter) * _FACTOR & _WORD
    return found
