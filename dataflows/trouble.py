"""The way to the broker: said once when it breaks, and once when it is whole again, however many clients complain."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import structlog

log = structlog.get_logger()

QUIET_S: Final = 12.0
"""Seconds without a complaint after which a way is whole: librdkafka tries again after 10 s at most."""


class Way:
    """A process's way to its broker, which may have many clients, each of which complains at every try.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._complaints = 0
        self._since = self._last = 0.0

    def broke(self, error: str, **more: Any) -> None:
        """A client complains; the first complaint is said."""
        self._last = self._clock()
        self._complaints += 1
        if self._complaints == 1:
            self._since = self._last
            log.warning("kafka_trouble", error=error, **more, advice="retrying by itself; said again when it is over")

    def works(self) -> None:
        """A record came or went; said if there was trouble, and nobody has complained for a while."""
        if self._complaints and self._clock() - self._last > QUIET_S:
            log.warning("kafka_again", complaints=self._complaints, after_s=round(self._last - self._since))
            self._complaints = 0


WAY: Final = Way()
"""Of this process."""
