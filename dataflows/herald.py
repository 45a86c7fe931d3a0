"""Tells markets' cards again and again: opening hours reach a month ahead only, and a flow may run for longer.

Without them nobody could tell a flow that is dead from a market that is closed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

import redis
import structlog

from dataflows.cards import card
from dataflows.config import FlowConfig
from dataflows.sink import connect, tell
from schemas.market import Market

EVERY_S: Final = 21_600.0

log = structlog.get_logger()


def keep_told(config: FlowConfig, markets: Mapping[str, Market], every_s: float = EVERY_S) -> threading.Event:
    """Tells the cards every so many seconds, in a thread of its own, until the event that it gives is set."""
    ended = threading.Event()
    threading.Thread(target=_tell, args=(config, markets, every_s, ended), name="herald", daemon=True).start()
    return ended


def _tell(config: FlowConfig, markets: Mapping[str, Market], every_s: float, ended: threading.Event) -> None:
    while not ended.wait(every_s):
        try:
            with connect(config.redis_url) as client:
                for name, market in markets.items():
                    tell(client, name, card(market, config.run))
        except redis.RedisError as error:  # the next time is soon enough: the hours reach a month ahead
            log.warning("cards_not_told", detail=str(error))
