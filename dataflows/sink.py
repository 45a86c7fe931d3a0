"""The publisher: a market's entries into its Redis streams, in order, once, by one writer."""

from __future__ import annotations

import functools
import itertools
import os
import random
import time
import uuid
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, Final

import redis
import structlog
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from redis.backoff import NoBackoff
from redis.retry import Retry

from dataflows import hops, metrics, stopping
from dataflows.config import FlowConfig, FlowError, NotNowError
from dataflows.ended import EndedStreams
from dataflows.entries import Entry, Publishable, entries_of
from dataflows.score_metrics import ScoreGauges
from schemas import names

log = structlog.get_logger()

_SCRIPT: Final = files("dataflows").joinpath("publish.lua").read_text()
_AT_ONCE: Final = 100
"""Entries in one call of the script, which nobody can interrupt."""

_AWAY: Final = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, redis.ReadOnlyError, OSError)
_FULL: Final = ("OOM", "MISCONF", "READONLY", "LOADING", "MASTERDOWN", "NOREPLICAS", "BUSY")
"""Beginnings of errors that pass: no memory, disk full, failover."""


def connect(url: str) -> redis.Redis:
    """A client that repeats nothing by itself: whether an entry may be sent again is decided here."""
    return redis.Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0))


class MarketStreams(StatefulSinkPartition[Any, None]):
    """The streams of one market."""

    def __init__(self, config: FlowConfig, market: str) -> None:
        self._market, self._cap = market, config.cap
        self._live = config.run is None and any(m.name == market and m.clock == "wall" for m in config.markets)
        self._unsaved: list[Entry] = []
        self._gauges = ScoreGauges(market)
        self._client = connect(config.redis_url)
        self._script = self._client.register_script(_SCRIPT)
        self._keys = [names.writer_key(market), names.latest_key(market)]
        for channel in names.CHANNELS:
            self._keys += [names.stream(market, channel), names.cut_key(market, channel)]
        # an older writer is refused from here on
        self._token = int(patiently(market, lambda: self._client.incr(names.writer_key(market))))

    def write_batch(self, values: list[Any]) -> None:
        """Writes entries in order and returns when Redis has them; waits as long as Redis is away or full.

        Raises:
            FlowError: another flow writes this market, or the stream holds other bytes under an id.
        """
        given = [(value[1], hops.passed(value[2])) for value in values if isinstance(value, tuple)]
        entries = [entry for value in values for entry in entries_of(_bare(value))]
        self._unsaved += entries
        self._write_all(entries)
        self._gauges.observe(entries)
        for published, trace in given:
            hops.observe(self._market, hops.passed(trace))
            if self._live:
                metrics.STEP_END.labels(self._market).observe(max(time.time_ns() / 1e9 - published.at_us / 1e6, 0))

    def snapshot(self) -> None:
        """Nothing to save: ids come from event time; but Redis must have on its disk what it acknowledged.

        It says yes before it finds that its disk is full, and then says no to PING. Killed in between, it has
        forgotten: what was written since the last save is written again, until nothing came in between.
        """
        while self._unsaved and not self._is_safe():
            self._write_all(self._unsaved)
        self._unsaved = []

    def close(self) -> None:
        """Leaves Redis."""
        self._client.close()

    def _is_safe(self) -> bool:
        """Whether Redis was well at once; otherwise waits until it is."""
        tries = itertools.count(1)
        patiently(self._market, lambda: next(tries) and self._client.ping())
        return next(tries) == 2

    def _write_all(self, entries: list[Entry]) -> None:
        for first in range(0, len(entries), _AT_ONCE):
            self._write(entries[first : first + _AT_ONCE])

    def _write(self, entries: list[Entry]) -> None:
        began = time.monotonic()
        left = entries
        while left:
            said = patiently(self._market, functools.partial(self._call, left))
            for entry, word in zip(left, said, strict=False):
                self._judge(entry, word)
            left = left[len(said) :]
        metrics.PUBLISH.labels(self._market).observe(time.monotonic() - began)

    def _call(self, entries: list[Entry]) -> list[str]:
        """One call of the script; an answer that passes (no memory, failover) counts as "away"."""
        sent_ns = time.time_ns()
        arguments = [argument for entry in entries for argument in entry.arguments(sent_ns)]
        said = [word.decode() for word in self._script(self._keys, [self._token, self._cap, *arguments])]
        if said[-1].startswith(_FULL):
            if len(said) == 1:
                raise redis.ReadOnlyError(said[-1])
            said.pop()
        return said

    def _judge(self, entry: Entry, word: str) -> None:
        if word == "added":
            metrics.READINGS.labels(self._market, entry.kind).inc()
        elif word in ("same", "trimmed"):
            metrics.REFUSALS.labels(self._market, word).inc()
        elif word == "fenced":
            msg = f"another flow writes {self._market} now: this one stops, so that there is one writer"
            raise NotNowError(msg)
        elif word == "conflict":
            stream = names.stream(self._market, names.CHANNELS[entry.channel - 1])
            msg = (
                f"{stream} holds other bytes under {entry.id}, or passed it: the state is older than the stream, "
                "or code or market file changed. Publish under another market name, or remove the stream"
            )
            raise FlowError(msg)
        else:
            msg = f"Redis refuses entries of {self._market}: {word}"
            raise NotNowError(msg)


def announce(config: FlowConfig, cards: dict[str, bytes]) -> None:
    """Makes the markets known to readers before their first tick; waits as long as Redis is away."""
    with connect(config.redis_url) as client:
        for market, card in cards.items():
            patiently(market, functools.partial(tell, client, market, card))


def tell(client: redis.Redis, market: str, card: bytes) -> None:
    """Makes one market known.

    Raises:
        redis.RedisError: Redis is away, or refuses.
    """
    with client.pipeline() as pipe:
        pipe.set(names.epoch_key(market), uuid.uuid4().hex, nx=True)
        pipe.set(names.market_key(market), card)
        pipe.sadd(names.MARKETS_KEY, market)
        pipe.execute()


def patiently(market: str, call: Callable[[], Any]) -> Any:
    """Repeats a call that is safe to repeat until Redis takes it; leaves if the flow is asked to stop meanwhile."""
    pause = 0.05
    while True:
        try:
            return call()
        except _AWAY as error:
            metrics.REDIS_WAITS.labels(market, type(error).__name__).inc()
            log.warning("waiting_for_redis", market=market, error=str(error), retry_s=round(pause, 2))
        except redis.ResponseError as error:
            if not str(error).startswith(_FULL):
                raise
            metrics.REDIS_WAITS.labels(market, "full").inc()
            log.warning("redis_refuses", market=market, error=str(error), advice="free memory or disk; nothing is lost")
        if stopping.asked():
            os._exit(0)  # unacknowledged entries are not saved as done: the next start writes them
        time.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(2.0, pause * 2)


def _bare(value: Any) -> Publishable:
    """The value without its market's name and trace."""
    published: Publishable = value[1] if isinstance(value, tuple) else value
    return published


class StreamsSink(FixedPartitionedSink[Any, None]):
    """The streams of every market of a flow, and a place for those that its state knows and that have ended."""

    def __init__(self, config: FlowConfig, ended: Sequence[str] = ()) -> None:
        self._config, self._ended = config, ended
        self._markets = sorted([*(config.market_name(market) for market in config.markets), *ended])

    def list_parts(self) -> list[str]:
        """The markets' names."""
        return self._markets

    def part_fn(self, item_key: str) -> int:
        """A market's own partition."""
        return self._markets.index(item_key)

    def build_part(self, _step_id: str, for_part: str, _resume_state: None) -> MarketStreams | EndedStreams:
        """Becomes the writer of one market, unless it has ended."""
        if for_part in self._ended:
            return EndedStreams()
        return MarketStreams(self._config, for_part)
