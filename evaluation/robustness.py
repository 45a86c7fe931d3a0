"""How far the headline moves when inputs go wrong, and whether the readings say so."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from evaluation.disturbances import Case, cases, disturbed
from evaluation.panel import Panel, Progress
from evaluation.readings import Told, told
from evaluation.replay import Replay
from evaluation.stretches import Stretch, chosen, prepared
from schemas.market import Market
from schemas.reading import Reading

ROUNDING: Final = 1e-9
"""Points of the index below which a move is none."""


@dataclass(frozen=True)
class Outcome:
    """What one case did to one stretch.

    Attributes:
        move: furthest move of the headline, points, with its sign.
        at: time of that reading (RFC 3339).
        band: half-width of its band then, points.
        coverage: of that reading, 0..1, and `coverage_before` what it was without the case.
        stale: inputs that it calls stale, and `stale_before` likewise.
        refused: values that validation refused because of the case.
        beyond: readings that moved by more than their band.
        unexplained: those of them that say nothing of it: no flag, no sentence, no stale input and no coverage lost.
        silent: readings without an index.
    """

    move: float
    at: str
    band: float
    coverage: float
    coverage_before: float
    stale: int
    stale_before: int
    refused: int
    beyond: int
    unexplained: int
    silent: int


def robustness(
    market: Market, panel: Panel, readings: Sequence[Reading | None], *, processes: int, progress: Progress
) -> dict[str, Any]:
    """Every case in every stretch.

    Args:
        market: the market.
        panel: its bars.
        readings: of each close, None without an index.
        processes: how many work at the same time; with one, this one.
        progress: told the number of pieces of work done, and of all.

    Returns:
        `stretches` (first and last day of each) and `rows`: a row a case, its worst stretch, and over all stretches
        `typical` (median of the furthest moves), `refused`, `beyond`, `unexplained` and `silent`.
    """
    index, coverage = (
        np.array([getattr(r, name) if r else np.nan for r in readings]) for name in ("index", "coverage")
    )
    days, every = chosen(index, coverage), cases(market)
    if not days:
        return {"stretches": [], "rows": []}
    total = len(days) + len(every)
    stretches = prepared(market, panel, days, lambda done, _: progress(done, total))
    found: dict[Case, list[Outcome]] = {}
    for case, outcomes in _done(market, stretches, every, processes):
        found[case] = outcomes
        progress(len(days) + len(found), total)
    spans = [[s.finals[n].reading.at[:10] for n in (0, -1)] for s in stretches]
    return {"stretches": spans, "rows": [_row(case, found[case]) for case in every]}


def _row(case: Case, outcomes: list[Outcome]) -> dict[str, Any]:
    worst = max(outcomes, key=lambda o: abs(o.move))
    sums = {name: sum(getattr(o, name) for o in outcomes) for name in ("refused", "beyond", "unexplained", "silent")}
    typical = float(np.median([abs(o.move) for o in outcomes]))
    own = ("move", "at", "band", "coverage", "coverage_before", "stale", "stale_before")
    return {"case": case.kind, "of": case.of, "typical": typical} | {n: getattr(worst, n) for n in own} | sums


def outcome(market: Market, stretch: Stretch, case: Case) -> Outcome:
    """One case in one stretch, through the cores."""
    replay = Replay(market)
    replay.restore(stretch.state)
    bars = disturbed(market, stretch.panel.bars, case, stretch.at_us)
    finals = [told(said) for said in replay.run(replace(stretch.panel, bars=bars))]
    return compared(stretch.finals, finals, len(replay.rejects))


def compared(before: list[Told], after: list[Told], refused: int) -> Outcome:
    """Finals with a case against those without; they are of the same times."""
    by_time = {final.reading.at: final for final in before}
    pairs = [(by_time[final.reading.at], final) for final in after if final.reading.at in by_time]
    known = [(a, b, move) for a, b in pairs if (move := _move(a.reading, b.reading)) is not None]
    (a, _), (b, _), move = max(known, key=lambda p: abs(p[2])) if known else (*pairs[-1], float("nan"))
    beyond = [(a, b) for a, b, move in known if abs(move) > _band(b.reading) + ROUNDING]
    return Outcome(
        move=move, at=b.at, band=_band(b), coverage=b.coverage, coverage_before=a.coverage, stale=b.staleness.stale,
        stale_before=a.staleness.stale, refused=refused, beyond=len(beyond),
        unexplained=sum(not _explained(a, b) for a, b in beyond), silent=len(pairs) - len(known),
    )  # fmt: skip


def _band(reading: Reading) -> float:
    return reading.band if isinstance(reading.band, float) else 0.0


def _move(before: Reading, after: Reading) -> float | None:
    """How far the headline moved, points; None where one of the two has none."""
    return None if before.index is None or after.index is None else after.index - before.index


def _explained(before: Told, after: Told) -> bool:
    """Whether the final says more of its inputs than it would have said anyway, by itself or in its details."""
    a, b = before.reading, after.reading
    lost = b.coverage < a.coverage or b.staleness.stale > a.staleness.stale
    return lost or bool(set(b.flags) - set(a.flags)) or bool(after.reasons - before.reasons)


def _done(
    market: Market, stretches: list[Stretch], every: list[Case], processes: int
) -> Iterator[tuple[Case, list[Outcome]]]:
    """Each case with its outcomes, as they come."""
    if processes <= 1:
        yield from ((case, [outcome(market, s, case) for s in stretches]) for case in every)
        return
    context = multiprocessing.get_context("spawn")  # a forked child would share locks of numerical libraries
    pool = ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(market, stretches))
    try:
        for done in as_completed([pool.submit(_work, case) for case in every]):
            yield done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_given: list[tuple[Market, list[Stretch]]] = []
"""In a child: what every case is done to, sent once."""


def _begin(market: Market, stretches: list[Stretch]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends us
    _given.append((market, stretches))


def _work(case: Case) -> tuple[Case, list[Outcome]]:
    market, stretches = _given[0]
    return case, [outcome(market, stretch, case) for stretch in stretches]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
