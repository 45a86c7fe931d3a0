"""States of the index to the bytes that are published, finals sealed in a hash chain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import msgspec
import numpy as np

from models.reasons import Reasons
from models.score_rows import full, number, short
from models.scores import Scored
from models.signals.attribution import Moved
from models.signals.correlation import BASE, MOST
from models.signals.index import IndexState
from models.signals.merged_bars import MergedBars
from models.signals.step import Floats, Step
from schemas.fingerprint import fingerprint
from schemas.market import Market
from schemas.names import with_run
from schemas.reading import (
    SCHEMA_VERSION,
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

METHOD_VERSION: Final = 5
"""Raised whenever the same input would give another index."""

_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Published:
    """What one window publishes.

    Attributes:
        reading: canonical bytes of a `Reading`.
        details: canonical bytes of `Details`; finals only.
        bars: canonical bytes of the `Bars` that ended since the window before; None when there are none.
        at_us: end of the step, microseconds since 1970 (UTC).
        final: whether it closes its period.
        id: id of the reading's entry in its stream.
    """

    reading: bytes
    details: bytes | None
    bars: bytes | None
    at_us: int
    final: bool
    id: str


class Publication(Step[Scored, Published, str | None]):
    """Spells the index out; its state is the hash of the last final."""

    name: ClassVar[str] = "publication"
    fields: ClassVar[tuple[str, ...]] = ("prev_hash",)

    def __init__(self, market: Market, periods_per_year: float, run: str | None = None) -> None:
        """Of a market, or of a run of it; `periods_per_year` annualises volatilities."""
        self._market = market
        self._name = with_run(market.name, run)
        self._version = version_of(market)
        self._indicators = [(s.name, i) for s in market.segment for i in s.indicator]
        self._segments = [s.name for s in market.segment]
        self._reasons = Reasons(market)
        self._days = [e.on.isoformat() for e in market.episode]
        self._instruments = [i.name for i in market.instrument]
        self._year = math.sqrt(periods_per_year)
        self.layout = (self._name, self._version)
        self.prev_hash = ""

    def advance(self, x: Scored) -> tuple[Published, str | None]:
        """The bytes, and the hash if it is a final."""
        window = x.state.indications.observation.window
        reading = msgspec.structs.replace(self._reading(x.state), **short(x.scores))
        if x.final:
            reading = seal(reading, self.prev_hash)
        published = Published(
            reading=canonical(reading),
            details=canonical(self._details(x)) if x.final else None,
            bars=canonical(self._bars(window.bars, window.at_us)) if len(window.bars) else None,
            at_us=window.at_us,
            final=x.final,
            id=entry_id(window.at_us, x.final),
        )
        return published, reading.hash if x.final else None

    def commit(self, change: str | None) -> None:
        """The next final stands behind this one."""
        if change is not None:
            self.prev_hash = change

    def _reading(self, x: IndexState) -> Reading:
        known = math.isfinite(x.index)
        return Reading(
            market=self._name,
            at=rfc3339(x.indications.observation.window.at_us),
            final=x.final,
            index=number(x.index),
            percentile=number(x.percentile),
            level=x.level,
            form=self._market.form,
            contributions=_named(self._segments, x.aggregates.value.by_segment) if known else {},
            forms={form: number(value) for form, value in x.aggregates.forms.items()},
            change=self._change(x.moved),
            coverage=x.coverage,
            staleness=Staleness(_seconds(x.max_age_us), int(np.count_nonzero(x.stale))),
            flags=self._flags(x),
            version=self._version,
            band=number(x.band),
            above=self._day(x.compared.above),
            below=self._day(x.compared.below),
            models=dict(x.indications.observation.window.models) or msgspec.UNSET,
        )

    def _day(self, episode: int | None) -> str | msgspec.UnsetType | None:
        if not self._days:
            return msgspec.UNSET
        return None if episode is None else self._days[episode]

    def _change(self, moved: Moved | None) -> Change | None:
        if moved is None:
            return None
        level = _named(self._segments, moved.level)
        return Change(rfc3339(moved.since_us), moved.total, level, moved.correlation, moved.composition)

    def _flags(self, x: IndexState) -> list[str]:
        known = math.isfinite(x.index)
        complete = x.complete
        flags = {
            "degraded": not complete and (known or x.begun),
            "no_data": x.indications.observation.window.no_data,
            "synthetic": self._market.synthetic,
            "warming_up": not known and not x.begun,
        } | (self._reasons.flags(x) if known else {})
        return sorted(name for name, holds in flags.items() if holds)

    def _details(self, scored: Scored) -> Details:
        x = scored.state
        correlations = x.indications.correlations
        yearly = np.sqrt(correlations.volatilities.variance) * self._year
        return Details(
            market=self._name,
            at=rfc3339(x.indications.observation.window.at_us),
            indicators=self._rows(x),
            segment_correlation=_matrix(self._segments, x.aggregates.correlation),
            instrument_correlation=self._instrument_correlation(correlations.matrix[BASE]),
            volatility=dict(zip(self._instruments, yearly.tolist(), strict=True)),
            stale=[name for name, stale in zip(self._instruments, x.stale.tolist(), strict=True) if stale],
            version=self._version,
            reasons=self._reasons.sentences(x),
            remarks=dict(x.indications.observation.window.remarks) or msgspec.UNSET,
            **full(scored.scores),
        )

    def _instrument_correlation(self, matrix: Floats) -> Matrix:
        """Of all instruments, where they are few enough to be looked at: 500 of them would be 5 MB a final."""
        return _matrix(self._instruments, matrix) if len(self._instruments) <= MOST else Matrix([], [])

    def _rows(self, x: IndexState) -> list[IndicatorRow]:
        found, said = x.aggregates, x.indications
        weights = found.blend.weight[np.repeat(np.arange(len(self._segments)), self._sizes())] * found.blend.share
        columns = (said.raw, found.scores, found.value.by_indicator, weights, said.age_us)
        return [
            IndicatorRow(i.name, segment, i.kind, raw, score, part, weight, age / _SECOND)
            for (segment, i), raw, score, part, weight, age in zip(
                self._indicators, *(c.tolist() for c in columns), strict=True
            )
        ]

    def _sizes(self) -> list[int]:
        return [len(s.indicator) for s in self._market.segment]

    def _bars(self, bars: MergedBars, at_us: int) -> Bars:
        names = map(self._instruments.__getitem__, bars.code.tolist())
        times = bars.end_us.tolist()
        ends = {end: rfc3339(end) for end in set(times)}
        prices = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.count, bars.realized_variance)
        # mapped, not looped over: a market of ten thousand instruments waits for each microsecond here
        rows = map(BarRow, names, map(ends.__getitem__, times), *(column.tolist() for column in prices))
        return Bars(self._name, rfc3339(at_us), list(rows))


def version_of(market: Market) -> str:
    """Schema, method and market file in short: `1-1-3f2a90bc`; another file gives another version."""
    return f"{SCHEMA_VERSION}-{METHOD_VERSION}-{fingerprint(market)}"


def _seconds(us: float) -> float | None:
    return us / _SECOND if math.isfinite(us) else None


def _named(names: list[str], values: Floats) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _matrix(names: list[str], values: Floats) -> Matrix:
    return Matrix(names, values.tolist())  # what is not known stays NaN, which is spelled null
