"""A sample for every step: how it is made and what the laws feed it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from models.calendars import schedule_of, sessions_of
from models.publication import Publication
from models.scores import Scoring, Unscored
from models.signals.aggregate import Aggregate, Scores
from models.signals.attribution import Attribution, End
from models.signals.bank import IndicatorBank
from models.signals.bars import BarFold
from models.signals.correlation import Correlation
from models.signals.diurnal import AdjustedPath, Diurnal
from models.signals.episodes import Episodes, Level
from models.signals.factor import Factor
from models.signals.index import StressIndex
from models.signals.indicators import KINDS, build
from models.signals.inputs import InputWatch
from models.signals.merge import BarMerge
from models.signals.path import PeriodPath
from models.signals.ranks import RecursiveRank
from models.signals.sketch import SketchedRank
from models.signals.step import Floats
from models.signals.tails import Standing, TailScore
from models.signals.volatility import Volatility
from models.signals.zscores import CausalZ, unit
from schemas.bars import GRID, Partial
from schemas.control import MODEL_PROMOTED, NOTE, Control
from schemas.indicator import Indicator
from schemas.market import Market
from schemas.ticks import NO_SEQ, TickBatch
from tests.laws import AnyStep, Sample
from tests.models import score_samples, tape
from tests.models.alerts.samples import ALERT_SAMPLES

SECONDS = 420
LEAP_US = 1_000_000_000
PROMOTED = Control(MODEL_PROMOTED, "lstm", "3")

OTHERS = [
    Indicator.model_validate({"name": "i", **fields})
    for fields in (
        {"kind": "realized_volatility", "of": ["P1", "Q1"], "half_life": "90s"},
        {"kind": "change", "of": ["P1", "R1"], "window": "70s"},
        {"kind": "drawup", "of": ["P1", "S1"], "window": "70s"},
        {"kind": "deviation", "of": ["P1", "S1", "Q1"], "window": "70s"},
        {"kind": "spread_volatility", "of": ["P1", "Q1"]},
        {"kind": "idiosyncratic_volatility", "of": ["P2", "P1"], "half_life": "90s"},
        {"kind": "stock_bond_correlation", "of": ["P1", "P2"]},
        {"kind": "illiquidity_amihud", "of": ["P1", "P2", "Q1"]},
        {"kind": "bid_ask_corwin_schultz", "of": ["P1", "P3", "Q1"]},
        {"kind": "rm2006_volatility", "of": ["P1", "S1", "Q1"]},
        {"kind": "garch_volatility", "of": ["P1"], "parameters": {"omega": 1e-7, "alpha": 0.1, "beta": 0.85}},
        {"kind": "rsi", "of": ["P1", "R1", "Q1"], "window": "70s"},
        {"kind": "macd", "of": ["P1", "R1", "Q1"], "window": "80s"},
        {"kind": "bollinger_width", "of": ["P1", "R1", "Q1"], "window": "80s"},
        {"kind": "absorption_ratio", "of": ["P1", "P2", "P3", "S1", "Q1"], "half_life": "150s"},
        {"kind": "turbulence", "of": ["P1", "P2", "P3", "S1", "Q1"]},
    )
]
"""Indicators that the market of the tapes does not have, or has with other settings."""


@cache
def _fed(stage: str) -> list[Any]:
    return tape.inputs(stage, tape.partials(SECONDS))


@cache
def _fed_wild(stage: str) -> list[Any]:
    return tape.inputs(stage, _wild_partials())


def _ordered_partials() -> list[Partial]:
    """The tape, with a control record in every fifth partial of partition 0."""
    found = tape.partials(SECONDS)
    for n in range(0, len(found), 10):
        one = found[n]
        order = PROMOTED._replace(value=str(n), kind=MODEL_PROMOTED if n % 20 else NOTE, at_us=one.newest_us)
        found[n] = Partial(one.partition, one.reached_us, one.bars, (order,))
    return found


def _wild_partials() -> list[Partial]:
    """Prices from the smallest to the largest numbers there are, rates that jump over all of them."""
    sizes = [1e-308, 1e308, 5e-324, 1.0, 1e100, 1e-100]
    found = []
    for second in range(1, 150):
        price = sizes[second % len(sizes)]
        values = [price, 1.0, price, -price if second % 2 else price, -1e308, 3.0]
        rows = [
            {"code": code, "end_us": tape.START + second * tape.SECOND, "path": [value] * GRID}
            for code, value in enumerate(values)
        ]
        found += [Partial(p, np.array([tape.START + second * tape.SECOND]), tape.columns(rows[p::2])) for p in (0, 1)]
    return found


def _staged(stage: str, make: Callable[[], AnyStep]) -> Sample:
    return Sample(make, partial(_fed, stage), partial(_fed_wild, stage))


def _vectors(columns: int) -> Sequence[Floats]:
    """Values with ties, gaps and a constant column."""
    rng = np.random.default_rng(3)
    rows = np.round(rng.standard_normal((120, columns)), 1)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[:, 0] = 4.0
    return list(rows)


def _wild_vectors(columns: int) -> Sequence[Floats]:
    sizes = np.array([0.0, 1e100, -1e100, 5e-324, -1.0, 1e-300])
    return [np.resize(np.roll(sizes, n), columns) for n in range(30)]


def _scores() -> Sequence[Scores]:
    """Random scores; indicators and whole segments come and go."""
    rng = np.random.default_rng(5)
    found = []
    for n in range(120):
        rank, z, live = rng.random(9), rng.standard_normal(9), rng.choice([0.5, 1.0], 9)
        rank[rng.random(9) < 0.2] = np.nan
        if n % 7 == 0:
            rank[3:6] = np.nan
        z = np.where(np.isnan(rank), np.nan, z)
        loading = rng.dirichlet(np.ones(9))
        final = bool(n % 3)
        found.append(Scores(rank, z, unit(z) ** 2, live, loading, 1.0 if final else 0.4, final))
    return found


def _wild_scores() -> Sequence[Scores]:
    edges = np.array([1e-300, 1.0, 0.5, 1e-5, 1 - 1e-16, 1e-300, 1.0, 1.0, 1e-300])
    z, tiny = np.resize([-2.0, 8.0, 0.0], 9), np.full(9, 1e-9)
    return [Scores(np.roll(edges, n), z, np.roll(edges, -n), tiny, edges / edges.sum(), 1e-9, True) for n in range(20)]


def _standings() -> Sequence[Standing]:
    rng = np.random.default_rng(8)
    found = []
    for _ in range(120):
        z = rng.standard_t(3, 4).clip(-2, 8)
        z[rng.random(4) < 0.1] = np.nan
        found.append(Standing(np.where(np.isnan(z), np.nan, rng.random(4)), z))
    return found


def _remembering() -> Market:
    days = [{"name": f"day {n}", "on": f"2023-11-{n}"} for n in (15, 17, 21)]
    return Market.model_validate(tape.market().model_dump() | {"episode": days})


def _moments() -> Sequence[Level]:
    rng = np.random.default_rng(9)
    return [Level(tape.START + n * 7_200 * tape.SECOND, float(rng.random() * 100)) for n in range(120)]


def _wild_standings() -> Sequence[Standing]:
    edges = np.array([-2.0, 8.0, 2.0, np.nextafter(2.0, 3.0)])
    ranks = np.array([1e-300, 1 - 1e-16, 0.5, 1.0])
    return [Standing(np.roll(ranks, n), np.roll(edges, -n)) for n in range(20)]


def ends(scores: Sequence[Scores]) -> Sequence[End]:
    """Ends of comparisons as the aggregation gives them."""
    step, found = Aggregate(tape.market()), []
    for n, x in enumerate(scores):
        y = step.update(x)
        found.append(End(n, y.value.index, y.scores, y.live, y.correlation, y.loading))
    return found


def _ticks(prices: Sequence[float]) -> Sequence[TickBatch | int]:
    """Ticks of all instruments, with a tock behind each batch."""
    rng = np.random.default_rng(11)
    found: list[TickBatch | int] = []
    for second in range(1, 60):
        n, start = 12, tape.START + second * tape.SECOND
        times = np.sort(rng.integers(0, tape.SECOND, n)) + start
        values = np.array([prices[k % len(prices)] for k in rng.integers(0, len(prices), n)])
        nothing, count = np.full(n, np.nan), np.ones(n)
        codes = rng.integers(0, 6, n).astype(np.int32)
        found += [TickBatch(codes, times, values, count, nothing, nothing, np.full(n, NO_SEQ)), start + tape.SECOND]
    return found


def _indicator(indicator: Indicator) -> Sample:
    return _staged("indicators", lambda: build(tape.market(), indicator))


def _named() -> dict[type[AnyStep], Sample]:
    m = tape.market()
    schedule = schedule_of(m)
    d = tape.market(diurnal={"slot": "1m"})
    found: dict[type[AnyStep], Sample] = {
        BarFold: Sample(
            lambda: BarFold(m),
            lambda: [*_ticks([100.0, 100.1, 99.9]), *[tape.START + 400 * LEAP_US] * 3, PROMOTED, tape.START],
            lambda: _ticks([1e-300, 1e308, 1e100]),
        ),
        BarMerge: Sample(lambda: BarMerge(m, schedule, 2), _ordered_partials, _wild_partials),
        PeriodPath: _staged("path", lambda: PeriodPath(m)),
        AdjustedPath: _staged("path", lambda: AdjustedPath(d, sessions_of(d))),
        Diurnal: _staged("volatility", lambda: Diurnal(d, sessions_of(d))),
        InputWatch: _staged("volatility", lambda: InputWatch(m)),
        Volatility: _staged("volatility", lambda: Volatility(m)),
        Correlation: _staged("correlation", lambda: Correlation(m)),
        IndicatorBank: _staged("indicators", lambda: IndicatorBank(m)),
        StressIndex: _staged("index", lambda: StressIndex(m)),
        Scoring: _staged("scores", lambda: Scoring(tape.market(scores={"enabled": True}, horizon="30s"))),
        Unscored: _staged("scores", Unscored),
        Publication: _staged("publication", lambda: Publication(m, schedule.periods_per_year)),
        RecursiveRank: Sample(lambda: RecursiveRank(4, 5, 20), lambda: _vectors(4), lambda: _wild_vectors(4)),
        SketchedRank: Sample(lambda: SketchedRank(4, 5), lambda: _vectors(4), lambda: _wild_vectors(4)),
        CausalZ: Sample(lambda: CausalZ(4, 5), lambda: _vectors(4), lambda: _wild_vectors(4)),
        TailScore: Sample(lambda: TailScore(4), _standings, _wild_standings),
        Factor: Sample(lambda: Factor(4), lambda: _vectors(4), lambda: _wild_vectors(4)),
        Aggregate: Sample(lambda: Aggregate(m), _scores, _wild_scores),
        Episodes: Sample(lambda: Episodes(_remembering()), _moments, _moments),
        Attribution: Sample(lambda: Attribution(m), lambda: ends(_scores()), lambda: ends(_wild_scores())),
    }
    found |= score_samples.named()
    for segment in m.segment:
        found |= {KINDS[i.kind]: _indicator(i) for i in segment.indicator}
    return found | {KINDS[i.kind]: _indicator(i) for i in OTHERS} | ALERT_SAMPLES


SAMPLES = _named()
"""By class; a step without one fails `test_every_step_has_a_sample`."""
