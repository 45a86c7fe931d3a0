"""The sending side of `esi replay`: a thread that sends every tick, and then waits until the flow has them all."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.console import Console
from schemas.market import Market

if TYPE_CHECKING:
    from dataflows.sources.trade_table import Trades
    from dataflows.sources.trades import TradesConfig


@dataclass
class Journey:
    """How far the ticks are: sent to Kafka, and then through the flow, up to an event time (microseconds, UTC)."""

    whole: int
    sent: int = 0
    through: int = 0
    is_sent: bool = False

    def show(self, title: str, console: Console) -> None:
        """Draws the bar of where most is to be done: of the sending, then of the flow."""
        if self.is_sent:
            console.progress(f"{title}, computing", self.through, self.whole, f"{self.through:,} ticks")
        elif self.sent:
            console.progress(f"{title}, sending", self.sent, self.whole, f"{self.sent:,} ticks")


class Sending:
    """The thread.

    Attributes:
        journey: how far it is.
        error: what went wrong in it.
        stop: to be set if it is to end early.
    """

    def __init__(self, config: TradesConfig, market: Market, table: Trades) -> None:
        self.journey = Journey(len(table.code))
        self.error: BaseException | None = None
        self._config, self._market, self._table = config, market, table
        self._thread = threading.Thread(target=self._run, name="sender")

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def is_over(self) -> bool:
        """Whether all is through, or will never be."""
        return not self._thread.is_alive()

    def join(self, seconds: float) -> None:
        """Waits for its end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        from dataflows.sources.sender import Stopped  # noqa: PLC0415 - arrow and numba, for this verb only

        try:
            self._send()
        except Stopped:
            return
        except Exception as error:  # it is the main thread's to tell
            self.error = error

    def _send(self) -> None:
        """Every tick, and then the wait until the flow has closed and saved the last bar."""
        from dataflows.sources import sender, trades  # noqa: PLC0415 - see `_run`

        end_us = trades.send(self._config, self._table) - self._market.lateness
        before = trades.counter(self._table)
        self.journey.is_sent = True

        def tell(closed_us: int) -> None:
            self.journey.through = before(closed_us)

        pace_us = self._market.pace_us
        sender.Sender(self._config.sender).wait_until_durable(end_us // pace_us * pace_us, tell)
        self.journey.through = self.journey.whole
