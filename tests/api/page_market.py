"""Plausible readings of a market, written to a real Redis as a flow writes them: what the page's test looks at."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterator
from typing import Any

import redis

from schemas import names
from schemas.reading import (
    Change,
    Details,
    IndicatorRow,
    Matrix,
    Reading,
    Staleness,
    canonical,
    entry_id,
    parse_rfc3339,
    rfc3339,
    seal,
)

DAY_US = 86_400_000_000
SHOCKS = {
    "2001-09-17": 30.0,
    "2002-07-22": 22.0,
    "2008-09-29": 62.0,
    "2010-05-20": 20.0,
    "2011-08-08": 34.0,
    "2015-08-24": 20.0,
    "2018-02-05": 18.0,
}
"""When the pretended past was stressed, and by how many points."""

LEVELS = ((50.0, "calm"), (75.0, "normal"), (90.0, "elevated"), (97.5, "high"), (100.1, "severe"))


class PageMarket:
    """A market whose index is a function of a seed: a slow tide, shocks that fade, and noise.

    Args:
        client: of the Redis that the API reads.
        name: the market's name.
        segments: names of its segments.
        instruments: how many instruments it has.
        period_us: length of a period in microseconds; a day is called a session.
        step_us: pace of provisional readings in microseconds, or None for finals only.
        synthetic: whether it says so.
    """

    def __init__(
        self,
        client: redis.Redis,
        name: str,
        segments: tuple[str, ...] = ("equity", "credit", "commodities"),
        instruments: int = 6,
        period_us: int = DAY_US,
        step_us: int | None = None,
        synthetic: bool = False,
    ) -> None:
        self.client, self.name, self.segments = client, name, segments
        self.period_us, self.step_us, self.synthetic = period_us, step_us, synthetic
        self.instruments = [f"I{n:02d}" for n in range(1, instruments + 1)]
        self._random = random.Random(name)
        self._past: list[float] = []
        self._final: Reading | None = None
        self._heat = dict.fromkeys(segments, 0.2)
        self._shock = 0.0

    def define(self, since: str) -> None:
        """Publishes the definition, as a flow does when it starts."""
        period: object = "session" if self.period_us == DAY_US else self.period_us
        definition: dict[str, Any] = {
            "name": self.name, "run": None, "title": f"{self.name} (test)", "about": "A market of the page's test.",
            "feed": self.name, "calendar": "24x7" if self.step_us else "XNYS", "period": period,
            "step": self.step_us or "period", "bar": self.step_us or DAY_US, "form": "ciss", "horizon": "1 session",
            "synthetic": self.synthetic, "version": "test-1", "since": since, "hours": None,
            "instruments": [{"name": n, "kind": "price", "unit": "points", "why": "test"} for n in self.instruments],
            "segments": [
                {"name": s, "weight": 1.0, "indicators": [{"name": f"{s} fall", "kind": "cmax", "of": []}]}
                for s in self.segments
            ],
        }  # fmt: skip
        self.client.sadd(names.MARKETS_KEY, self.name)
        self.client.set(names.epoch_key(self.name), f"{time.time_ns():x}", nx=True)
        self.client.set(names.market_key(self.name), json.dumps(definition))

    def past(self, begin: str, periods: int) -> None:
        """Publishes finals from `begin` on, one per period (sessions: working days only); details of the last 30."""
        pipe = self.client.pipeline(transaction=False)
        for number, at_us in enumerate(self._period_ends(parse_rfc3339(begin), periods)):
            self._publish(pipe, self.next(at_us, final=True))
            if number >= periods - 30:
                self._details(pipe)
        pipe.execute()

    def _period_ends(self, at_us: int, periods: int) -> Iterator[int]:
        while periods > 0:
            at_us += self.period_us
            weekend = self.period_us == DAY_US and time.gmtime(at_us // 1_000_000).tm_wday >= 5
            if not weekend:
                periods -= 1
                yield at_us

    def next(self, at_us: int, final: bool, index: float | None = None) -> Reading:
        """The next reading; `index` moves it to where a test wants it."""
        heat = self._moved(at_us) if index is None else dict.fromkeys(self.segments, index / 100)
        parts = {segment: 100 * value / len(self.segments) for segment, value in heat.items()}
        total = sum(parts.values())
        below = 100 * sum(value < total for value in self._past) / max(1, len(self._past))
        reading = Reading(
            market=self.name, at=rfc3339(at_us), final=final, index=total, percentile=below if self._past else None,
            level=next(word for top, word in LEVELS if below < top) if self._past else "unknown", form="ciss",
            contributions=parts, forms={"ciss": total, "rank_mean": min(100.0, total * 1.15), "z_mean": total * 0.9},
            change=self._change(parts, total), coverage=1.0, staleness=Staleness(max_s=3600.0, stale=0),
            flags=["synthetic"] if self.synthetic else [], version="test-1",
        )  # fmt: skip
        if final:
            reading = seal(reading, "" if self._final is None else self._final.hash)
            self._final = reading
            self._past.append(total)
        return reading

    def _moved(self, at_us: int) -> dict[str, float]:
        self._shock = self._shock * 0.985 + SHOCKS.get(rfc3339(at_us)[:10], 0.0)
        tide = 0.16 + 0.08 * math.sin(len(self._past) / 260)
        for n, segment in enumerate(self.segments):
            pull = tide * (1 + 0.3 * math.sin(n + len(self._past) / 400)) + self._shock / 100 * (1.2 - 0.15 * n)
            value = self._heat[segment] + 0.06 * (pull - self._heat[segment]) + self._random.gauss(0, 0.008)
            self._heat[segment] = min(0.97, max(0.01, value))
        return self._heat

    def _change(self, parts: dict[str, float], total: float) -> Change | None:
        if self._final is None or self._final.index is None:
            return None
        level = {s: 0.8 * (parts[s] - self._final.contributions[s]) for s in self.segments}
        whole = total - self._final.index
        return Change(self._final.at, whole, level, whole - sum(level.values()), 0.0)

    def publish(self, reading: Reading) -> None:
        """Writes one reading, and after a final its details."""
        pipe = self.client.pipeline(transaction=True)
        self._publish(pipe, reading)
        if reading.final:
            self._details(pipe)
        pipe.execute()

    def _publish(self, pipe: redis.client.Pipeline, reading: Reading) -> None:
        key, body, sent_ns = entry_id(parse_rfc3339(reading.at), reading.final), canonical(reading), time.time_ns()
        pipe.xadd(names.stream(self.name, "readings"), {"reading": body, "sent_ns": sent_ns}, id=key)
        latest: dict[str | bytes, Any] = {"id": key, "reading": body, "sent_ns": sent_ns}
        if reading.final:
            latest |= {"final_id": key, "final": body}
        pipe.hset(names.latest_key(self.name), mapping=latest)

    def _details(self, pipe: redis.client.Pipeline) -> None:
        if self._final is None:
            return
        at_us = parse_rfc3339(self._final.at)
        body = canonical(self._details_of(self._final))
        pipe.xadd(
            names.stream(self.name, "details"), {"details": body, "sent_ns": time.time_ns()}, id=entry_id(at_us, True)
        )

    def _details_of(self, final: Reading) -> Details:
        kinds = (("volatility", "realized_volatility", 0.214), ("fall", "cmax", 0.087))
        rows = [
            IndicatorRow(
                name=f"{segment} {words}", segment=segment, kind=kind, raw=raw * (1 + points / 20),
                score=min(1.0, points * len(self.segments) / 100 + 0.1 * k), contribution=points * (0.6, 0.4)[k],
                weight=0.5 / len(self.segments), age_s=3600.0 * (1 + 20 * k),
            )
            for segment, points in final.contributions.items()
            for k, (words, kind, raw) in enumerate(kinds)
        ]  # fmt: skip
        return Details(
            market=self.name, at=final.at, indicators=rows, segment_correlation=self._matrix(list(self.segments)),
            instrument_correlation=self._matrix(self.instruments), volatility={}, stale=[], version="test-1",
        )  # fmt: skip

    def _matrix(self, rows: list[str]) -> Matrix:
        def value(i: int, j: int) -> float:
            return 1.0 if i == j else math.cos((i + j) * 0.7) * 0.6 + 0.25 - 0.1 * abs(i - j) / len(rows)

        return Matrix(rows, [[value(i, j) for j in range(len(rows))] for i in range(len(rows))])
