"""The bar of the history that `esi up` replays: finals published, of sessions in all."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.console import Console
from deploy.plan import HISTORY_FEED, HISTORY_FILE
from deploy.published import Published

HISTORY_TEXT = (
    "Replaying 20 years of daily closes (S&P 500, NASDAQ, VIX, oil, corporate bonds) through Kafka and the flow; "
    "each day leaves one final reading in Redis."
)
"""What happens, for whoever watches the bar."""

HISTORY_IS_THERE = "The history is published."


class HistoryBar:
    """Draws the bar.

    Args:
        data: folder in which `esi history` says how many sessions there are.
        console: where it is drawn.
    """

    def __init__(self, data: Path, console: Console) -> None:
        self._file, self._console = data / HISTORY_FILE, console

    def show(self, published: Published) -> bool:
        """Draws how far it is; never ends a wait."""
        if not (sessions := self.sessions()):
            return False
        if final := published.final():
            done = min(published.count(), sessions)
            self._console.tell(HISTORY_TEXT if done < sessions else HISTORY_IS_THERE)
            index = "no index yet" if final["index"] is None else f"index {final['index']:.1f}"
            self._console.progress(final["market"], done, sessions, f"{final['at'][:10]}  {index}")
        else:
            self._console.progress(HISTORY_FEED, 0, sessions, "sent; the flow is starting")
        return False

    def sessions(self) -> int:
        """How many sessions the history has, as `esi history` has written it; 0 if it has not yet."""
        try:
            return int(json.loads(self._file.read_text())["sessions"])
        except (OSError, ValueError, KeyError):
            return 0
