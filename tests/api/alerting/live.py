"""A market that gives readings now, as a flow does."""

from __future__ import annotations

import json
import time
from typing import Any

import redis

from schemas import names
from schemas.reading import Details, IndicatorRow, Matrix, Reading, Staleness, canonical, entry_id, rfc3339

CARD: dict[str, Any] = {
    "run": None, "title": "A test", "about": "", "feed": "live", "calendar": "24x7", "period": 60_000_000,
    "step": 1_000_000, "bar": 1_000_000, "form": "ciss", "horizon": "24h", "synthetic": True, "version": "1",
    "instruments": [{"name": "SPX", "kind": "price", "unit": "points", "why": ""}],
    "segments": [
        {"name": "credit", "weight": 1.0, "indicators": [{"name": "Spread", "kind": "level", "of": ["SPX"]}]},
        {"name": "equity", "weight": 1.0, "indicators": [{"name": "Volatility", "kind": "level", "of": ["SPX"]}]},
    ],
    "hours": None,
}  # fmt: skip


def now_us() -> int:
    """Now, to the millisecond: ids have no finer time."""
    return time.time_ns() // 1_000_000 * 1_000


class Live:
    """The flow of one market.

    Args:
        client: writes with it.
        market: its name.
        card: what else its definition says.
    """

    def __init__(self, client: redis.Redis, market: str = "live", **card: Any) -> None:
        self.client, self.market, self.last_us = client, market, 0
        client.set(names.epoch_key(market), "e1")
        client.set(names.market_key(market), json.dumps(CARD | {"name": market} | card))
        client.sadd(names.MARKETS_KEY, market)

    def give(
        self,
        index: float | None,
        at_us: int | None = None,
        *,
        final: bool = False,
        score: float = 0.5,
        sent_ns: int | None = None,
    ) -> int:
        """Publishes one reading; gives its time."""
        at = self.last_us = max(at_us or now_us(), self.last_us + (1_000 if at_us is None else 0))
        parts = {} if index is None else {"credit": index / 4, "equity": index * 3 / 4}
        reading = Reading(
            self.market, rfc3339(at), final, index, index, "normal", "ciss", parts, {"ciss": index}, None, 1.0,
            Staleness(0.0, 0), [], "1",
        )  # fmt: skip
        sent: Any = {"reading": canonical(reading), "sent_ns": sent_ns or time.time_ns()}
        self.client.xadd(names.stream(self.market, "readings"), sent, id=entry_id(at, final))
        if final:
            self._details(at, score)
        return at

    def _details(self, at_us: int, score: float) -> None:
        row = IndicatorRow("Volatility", "equity", "level", 0.2, score, 12.5, 0.5, 0.0)
        matrix = Matrix(["credit", "equity"], [[1.0, score], [score, 1.0]])
        details = Details(self.market, rfc3339(at_us), [row], matrix, Matrix(["SPX"], [[1.0]]), {"SPX": 0.2}, [], "1")
        sent: Any = {"details": canonical(details), "sent_ns": time.time_ns()}
        self.client.xadd(names.stream(self.market, "details"), sent, id=entry_id(at_us, True))
