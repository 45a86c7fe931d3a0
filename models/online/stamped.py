"""River models as bytes with the version that wrote them."""

from __future__ import annotations

import pickle
from importlib.metadata import version
from typing import Any, Final

RIVER: Final = f"river {version('river')}"
"""Part of the layout of every state with such bytes: another version of River does not read them."""


class Stamped:
    """A River model and its bytes, which are made once between two lessons, when they are first asked for.

    Whenever bytes are made, the model becomes what they say, so that one that goes on and one that is restored are the
    same graph of objects and give the same bytes again. What a model says does not depend on it (a test looks). Bytes
    come from our own saved state, which Bytewax pickles anyway; they are never read from elsewhere.
    """

    def __init__(self, model: Any) -> None:
        """Of a fresh model."""
        self.model = model
        self._bytes: bytes | None = None

    @property
    def saved(self) -> bytes:
        """The model as it is."""
        if self._bytes is None:
            self.restore(pickle.dumps(self.model, protocol=5))
        assert self._bytes is not None
        return self._bytes

    def restore(self, stamped: bytes) -> None:
        """Becomes the model of some bytes."""
        self._bytes = stamped
        self.model = pickle.loads(stamped)  # nosec B301  # our own state, as trusted as the code

    def learned(self) -> None:
        """The bytes are those of an older model."""
        self._bytes = None
