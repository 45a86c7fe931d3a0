"""What was found lately, for a while: bounded in number, so that no flood of wrong tokens fills the memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Memory(Generic[V]):
    """Values by key, each until a moment; the least lately asked for go first.

    Args:
        limit: values at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[bytes, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes, now: float) -> V | None:
        """The value, if it still holds."""
        found = self._kept.get(key)
        if found is None:
            return None
        until, value = found
        if now >= until:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: bytes, value: V, until: float) -> None:
        """Keeps a value until a moment."""
        self._kept[key] = (until, value)
        self._kept.move_to_end(key)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def drop(self, key: bytes) -> None:
        """Forgets one."""
        self._kept.pop(key, None)

    def clear(self) -> None:
        """Forgets all."""
        self._kept.clear()
