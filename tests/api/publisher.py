"""Publishes readings as a flow does, and archives and trims them as the archiver does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import psycopg
import redis

from schemas.names import MARKETS_KEY, epoch_key, latest_key, market_key, stream
from schemas.reading import (
    BarRow,
    Bars,
    Change,
    Details,
    IndicatorRow,
    Matrix,
    Reading,
    Staleness,
    canonical,
    entry_id,
    rfc3339,
    seal,
)
from schemas.scores import Anomaly, Coverage, Drift, ExpertRow, Forecast, Regime

START_US = 1_700_000_000_000_000
STEP_US = 1_000_000


def reading(market: str, number: int, final: bool = False) -> Reading:
    """The reading of one step; its numbers are a function of the step."""
    index = float(number % 100) + 0.125
    parts = {"credit": index / 4, "equity": index / 2, "fx": index / 4}
    at = rfc3339(START_US + number * STEP_US)
    change = Change(
        rfc3339(START_US + (number - 1) * STEP_US), 0.5, {"credit": 0.25, "equity": 0.125, "fx": 0.125}, 0.0, 0.0
    )
    forms = {"ciss": index, "rank_mean": index / 2, "z_mean": None}
    plain = Reading(
        market, at, final, index, 50.0, "normal", "ciss", parts, forms, change, 1.0, Staleness(0.5, 0),
        ["synthetic"], "1.1.test"
    )  # fmt: skip
    return seal(plain, "00" * 32) if final else plain


FORECAST = Forecast(
    3, [0.05, 0.5, 0.95], [10.0, 12.5, 15.0], 0.015, [Coverage(0.9, 0.89, None)], [70, 3],
    [ExpertRow("persistence", 1.0, 0.0, [9.0, 12.0, 15.0]), ExpertRow("river_sgd", 0.0, None, None)],
)  # fmt: skip
REGIME = Regime("tense", 4, {"calm": 0.1, "tense": 0.8, "stress": 0.1}, 0.02, 40)
ANOMALY = Anomaly(0.03, 0.7, None)
DRIFT = Drift([], {"adwin": 0, "page_hinkley": 1, "kswin": 0}, 40, None)


def details(market: str, number: int) -> Details:
    """What lies behind the final of a step."""
    rows = [IndicatorRow("volatility", "equity", "realized_volatility", 0.2, 0.5, 12.5, 0.5, 0.0)]
    matrix = Matrix(["credit", "equity"], [[1.0, 0.5], [0.5, 1.0]])
    names = Matrix(["AAA", "SPX"], [[1.0, None], [None, 1.0]])
    at = rfc3339(START_US + number * STEP_US)
    return Details(
        market, at, rows, matrix, names, {"AAA": None, "SPX": 0.2}, ["AAA"], "1.1.test",
        forecast=[FORECAST], regime=REGIME, anomaly=ANOMALY, drift=DRIFT,
    )  # fmt: skip


def bars(market: str, number: int) -> Bars:
    """The bars that a step closed."""
    at = rfc3339(START_US + number * STEP_US)
    return Bars(market, at, [BarRow("SPX", at, 1.0, 2.0, 0.5, 1.5, 100.0, 3, 0.01)])


def id_of(number: int, final: bool = False) -> str:
    """Stream id of a step's reading."""
    return entry_id(START_US + number * STEP_US, final)


class Publisher:
    """The flow's side of Redis for one market.

    Args:
        client: writes with it.
        market: its name.
        epoch: identity of its streams.
    """

    def __init__(self, client: redis.Redis, market: str, epoch: str = "e1") -> None:
        self.client, self.market, self.epoch = client, market, epoch
        definition = {
            "name": market, "run": None, "title": "A test", "about": "", "feed": market, "calendar": "24x7",
            "period": 10 * STEP_US, "step": STEP_US, "bar": STEP_US, "form": "ciss", "horizon": "24h",
            "synthetic": True, "version": "1.1.test",
            "instruments": [{"name": "SPX", "kind": "price", "unit": "points", "why": "a test"}],
            "segments": [{"name": "equity", "weight": 1.0, "indicators": [
                {"name": "volatility", "kind": "realized_volatility", "of": ["SPX"]}]}],
            "since": None, "hours": None, "of_a_later_version": True,
        }  # fmt: skip
        client.set(epoch_key(market), epoch)
        client.set(market_key(market), json.dumps(definition))
        client.sadd(MARKETS_KEY, market)

    def readings(self, numbers: Iterable[int], finals: Iterable[int] = ()) -> list[str]:
        """Publishes provisional readings, and finals behind those of the given steps; gives the ids."""
        published, closing = [], set(finals)
        pipe = self.client.pipeline(transaction=False)
        for number in numbers:
            for final in (False, True) if number in closing else (False,):
                published.append(self._reading(pipe, number, final))
                if final:
                    self._add(pipe, "details", "details", id_of(number, True), details(self.market, number))
        pipe.execute()
        return published

    def _reading(self, pipe: Any, number: int, final: bool) -> str:
        value, name = reading(self.market, number, final), id_of(number, final)
        self._add(pipe, "readings", "reading", name, value)
        newest: dict[str, Any] = {"id": name, "reading": canonical(value), "sent_ns": time.time_ns()}
        if final:
            newest |= {"final_id": name, "final": canonical(value)}
        pipe.hset(latest_key(self.market), mapping=newest)
        return name

    def bars(self, numbers: Iterable[int]) -> None:
        """Publishes bars."""
        pipe = self.client.pipeline(transaction=False)
        for number in numbers:
            self._add(pipe, "bars", "bars", id_of(number), bars(self.market, number))
        pipe.execute()

    def _add(self, pipe: Any, channel: str, field: str, name: str, value: Any) -> None:
        fields = {field: canonical(value), "sent_ns": time.time_ns()}
        pipe.xadd(stream(self.market, channel), fields, id=name)

    def begin_anew(self, epoch: str) -> None:
        """Loses every stream, as a wiped Redis does, and begins under another epoch."""
        self.client.delete(*(stream(self.market, channel) for channel in ("readings", "bars", "details")))
        self.client.delete(latest_key(self.market))
        self.__init__(self.client, self.market, epoch)  # type: ignore[misc]  # the same steps again


def archive(url: str, market: str, client: redis.Redis, until: str, keep: int | None = None) -> None:
    """Commits a market's readings and details through an id, then trims what is committed to the newest `keep`."""
    raws: Any = client.xrange(stream(market, "readings"), max=until)
    epoch = (client.get(epoch_key(market)) or b"").decode()  # type: ignore[union-attr]
    with psycopg.connect(url) as connection:
        for name, fields in raws:
            _store(connection, market, name.decode(), (fields[b"reading"], int(fields[b"sent_ns"])), "readings")
        found: Any = client.xrange(stream(market, "details"), max=until)
        for name, fields in found:
            _store(connection, market, name.decode(), (fields[b"details"], int(fields[b"sent_ns"])), "details")
        ms, seq = map(int, until.split("-"))
        for channel in ("readings", "details"):
            connection.execute(
                "INSERT INTO positions VALUES (%s, %s, %s, %s) ON CONFLICT (stream) DO UPDATE"
                " SET epoch = excluded.epoch, last_ms = excluded.last_ms, last_seq = excluded.last_seq",
                (stream(market, channel), epoch, ms, seq),
            )
    if keep is not None:
        held: Any = client.xrange(stream(market, "readings"))
        committed = [name.decode() for name, _ in held if _pair(name.decode()) <= (ms, seq)]
        surplus = min(len(committed), max(len(held) - keep, 0))
        if surplus:
            oldest = [name.decode() for name, _ in held][surplus] if surplus < len(held) else f"{ms}-{seq + 1}"
            client.xtrim(stream(market, "readings"), minid=oldest, approximate=False)


def _pair(name: str) -> tuple[int, int]:
    ms, _, seq = name.partition("-")
    return int(ms), int(seq)


def _store(connection: psycopg.Connection[Any], market: str, name: str, said: tuple[bytes, int], table: str) -> None:
    ms, seq = _pair(name)
    if table == "readings":
        connection.execute(
            'INSERT INTO readings (market, at, id_ms, id_seq, final, "index", percentile, coverage, reading, sent_ns)'
            " VALUES (%s, to_timestamp(%s), %s, %s, %s, 1, 1, 1, %s, %s) ON CONFLICT DO NOTHING",
            (market, ms / 1000, ms, seq, seq == 1, *said),
        )
    else:
        connection.execute(
            "INSERT INTO details (market, at, id_ms, id_seq, details, sent_ns)"
            " VALUES (%s, to_timestamp(%s), %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (market, ms / 1000, ms, seq, *said),
        )
