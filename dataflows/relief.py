"""Models that have become slow at work are relieved: a record in the feed empties their seats.

How long a model takes is known only to the clock of the machine that it runs on, and no reading may depend on that. So
the flow goes on with it, and beside the readings the same is done that `esi models retire` does: the record decides,
at its place in the feed, in every replay alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

import structlog

from dataflows import metrics
from dataflows.config import FlowConfig, FlowError
from dataflows.promotion import Desk
from dataflows.sources.control import send
from models.registry.manifest import Manifest
from models.serving.pace import SLOWEST_US

log = structlog.get_logger()

REST_S: Final = 60.0
"""Between two tries for one version: a record needs its time, and a broker that is away is not to be pressed."""

Key = tuple[str, str, str]
"""Market, model, version."""

DeskOf = Callable[[str, str], Desk]
"""The desk of a market's model."""


class Slow:
    """Which models have become slow since somebody asked; told by the threads that ask them."""

    def __init__(self) -> None:
        self._found: dict[Key, float] = {}
        self._guard = Lock()

    def tell(self, manifest: Manifest, best_us: float) -> None:
        """One has: all of its last runs took this long at least, microseconds."""
        with self._guard:
            self._found[manifest.market, manifest.name, manifest.version] = best_us

    def take(self) -> dict[Key, float]:
        """Those that have, with their times; they are forgotten with this."""
        with self._guard:
            found, self._found = self._found, {}
        return found


class Relief:
    """Empties the seats of slow models.

    Args:
        slow: who is.
        desk: of a model.
        clock: seconds, for its pauses.
    """

    def __init__(self, slow: Slow, desk: DeskOf, clock: Callable[[], float] = time.monotonic) -> None:
        self._slow, self._desk, self._clock = slow, desk, clock
        self._tried: dict[Key, float] = {}

    def look(self) -> None:
        """One look; a version that stays slow, since its record was lost, is tried again after a pause."""
        for key, best_us in self._slow.take().items():
            now = self._clock()
            if now - self._tried.get(key, -REST_S) >= REST_S:
                self._tried[key] = now
                self._relieve(*key, best_us)

    def _relieve(self, market: str, name: str, version: str, best_us: float) -> None:
        told = f"{name} {version} takes {best_us:,.0f} µs for one reading at work (at most {SLOWEST_US:,.0f})"
        try:
            for done in self._desk(market, name).relieve(version, told):
                metrics.MODELS_RELIEVED.labels(name).inc()
                log.error("model_relieved", model=done.label, version=version, market=market, order=done.order,
                          advice=f"{told}; its seat is empty: esi models promote {name} VERSION")  # fmt: skip
        except (FlowError, OSError) as error:
            log.error("model_not_relieved", model=name, version=version, market=market, error=str(error),
                      advice=f"{told}; readings wait for it: esi models retire {name}")  # fmt: skip


def relief_of(config: FlowConfig, slow: Slow) -> Relief:
    """That of a flow: its records go into the flow's own feed."""
    markets = {market.name: market for market in config.markets}

    def desk(market: str, name: str) -> Desk:
        assert config.registry is not None, "models come from a registry"
        return Desk(config.registry, name, markets[market], lambda told: send(config.kafka, config.feed, told))

    return Relief(slow, desk)
