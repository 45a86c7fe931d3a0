"""Markets that a feed's state knows and its flow does not compute any more: Bytewax wants a place for what it saved."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bytewax.outputs import StatefulSinkPartition

MARKETS: Final = "markets.txt"
"""In the state folder: every market that the state knows, one a line."""


def ended(folder: Path, markets: Iterable[str]) -> list[str]:
    """Markets that this state folder knows beside these, sorted; from now on it knows these too."""
    file, now = folder / MARKETS, set(markets)
    known = set(file.read_text().split()) if file.exists() else set()
    if not now <= known:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f"{MARKETS}.{os.getpid()}")  # each process of a flow writes the same
        fresh.write_text("".join(f"{name}\n" for name in sorted(known | now)))
        fresh.replace(file)
    return sorted(known - now)


class EndedStreams(StatefulSinkPartition[Any, None]):
    """The streams of a market that has ended: nothing is written, and whoever writes them elsewhere is not fenced."""

    def write_batch(self, values: list[Any]) -> None:
        """Nothing comes here."""

    def snapshot(self) -> None:
        """Nothing to save."""
