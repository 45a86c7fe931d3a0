"""Anomalies and regimes along a history: how often they cry, and how they agree with recessions and dated events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation import detection
from evaluation.bootstrap import block_counts, interval
from evaluation.events import SPAN, Event, Flags, during, placed
from evaluation.recessions import KNOWN_THROUGH, in_recession
from models.anomaly import AnomalyWatch
from models.features import Moment, Schema
from models.regime import STATES, RegimeFilter
from models.window import windows
from schemas.market import Market

THRESHOLDS: Final = (0.01, 0.001)
"""Of the anomaly's probability."""

YEAR_BLOCK: Final = 250
"""Finals of a block of the bootstrap where recessions are judged: they last about as long."""


def watched(market: Market, fed: Sequence[Moment]) -> pd.DataFrame:
    """Regime, probability of stress, and anomaly of each final by its time (UTC): by the steps that serve."""
    regime, anomaly, rows = RegimeFilter(Schema.of(market)), AnomalyWatch(market), []
    for x in windows(market, fed):
        said, odd = regime.update(x), anomaly.update(x)
        if x.moment.learns:
            rows.append((x.moment.at_us, said.name, said.probability[-1], odd.probability))
    table = pd.DataFrame(rows, columns=["at_us", "regime", "stress", "anomaly"])
    return table.set_index(pd.DatetimeIndex(pd.to_datetime(table.pop("at_us"), unit="us")))


def anomalies(table: pd.DataFrame, events: Sequence[Event]) -> dict[str, Any]:
    """Alarms by threshold, from the year of the first event to that of the last.

    Returns:
        `sample`, and by threshold: `days` with an alarm, `false_alarm_days` a year among the days of no event,
        `false_alarms` a year (days with more than 20 finals between them are two alarms), and the hits (`_hits`).
    """
    sample = _sample(table[table["anomaly"].notna()], events)
    found = placed(pd.DatetimeIndex(sample.index), list(events))
    at, odd = [day for _, day in found], sample["anomaly"].to_numpy()
    return {
        "sample": _extent(sample),
        "by": {str(threshold): _alarms(odd < threshold, at) for threshold in THRESHOLDS} if at else {},
    }


def regimes(table: pd.DataFrame, events: Sequence[Event]) -> dict[str, Any]:
    """How long regimes last, and how they agree with the NBER's recessions and with events.

    Returns:
        `sample`, `changes` a year, `states` (share, visits, median dwell), `recessions`, and `events`: hits of `stress`
        and of `tense or stress` (`_hits`).
    """
    told = table[table["regime"].isin(STATES)]
    names = told["regime"].to_numpy(np.str_)
    lasting = _sample(told, events)
    at, stay = [day for _, day in placed(pd.DatetimeIndex(lasting.index), list(events))], lasting["regime"]
    flags = {"stress": stay == "stress", "tense or stress": stay != "calm"}
    return {
        "sample": _extent(told),
        "changes": detection.YEAR * int((names[1:] != names[:-1]).sum()) / max(len(names), 1),
        "states": {state: _dwell(names, state) for state in STATES},
        "recessions": _recessions(told.loc[:KNOWN_THROUGH]),
        "events": {name: _hits(flag.to_numpy(np.bool_), at) for name, flag in flags.items()} if at else {},
    }


def _sample(table: pd.DataFrame, events: Sequence[Event]) -> pd.DataFrame:
    years = [event.on.year for event in events]
    return table.loc[str(min(years)) : str(max(years))]


def _extent(sample: pd.DataFrame) -> dict[str, Any]:
    ends = [str(day.date()) for day in sample.index[[0, -1]]] if len(sample) else [None, None]
    return {"first": ends[0], "last": ends[1], "days": len(sample)}


def _alarms(alarms: Flags, at: list[int]) -> dict[str, Any]:
    stressed = during(len(alarms), at)
    false = np.flatnonzero(alarms & ~stressed)
    apart = int((np.diff(false, prepend=-SPAN - 1) > SPAN).sum())
    return {
        "days": int(alarms.sum()),
        "false_alarm_days": detection.false_alarm_days(alarms, stressed),
        "false_alarms": detection.YEAR * apart / int((~stressed).sum()),
        **_hits(alarms, at),
    }


def _hits(flags: Flags, at: list[int]) -> dict[str, Any]:
    """Events with a flag on their day or the 20 finals after it, beside the same flags at any other time.

    `by_chance` are the hits of the flags moved along the history as on a ring, mean over all moves; `p` is the share of
    moves that hit as many.
    """
    waits = detection.delays(flags, at)
    hit = sum(wait is not None for wait in waits)
    ring = np.concatenate([flags, flags[:SPAN]])
    soon: Flags = np.any(np.lib.stride_tricks.sliding_window_view(ring, SPAN + 1), axis=1)
    moved = np.sum([np.roll(soon, -day) for day in at], axis=0)
    known = [wait for wait in waits if wait is not None]
    return {
        "events": len(at),
        "hits": hit,
        "delay_median": float(np.median(known)) if known else None,
        "by_chance": float(moved.mean()),
        "p": float((moved >= hit).mean()),
    }


def _dwell(names: Any, state: str) -> dict[str, Any]:
    """Share of the finals, visits, and their median length in finals."""
    edges = np.flatnonzero(np.append(names[1:] != names[:-1], True)) + 1  # the last visit ends too
    lengths = np.diff(edges, prepend=0)[names[edges - 1] == state] if len(names) else np.empty(0)
    return {
        "share": float((names == state).mean()) if len(names) else None,
        "visits": len(lengths),
        "dwell_median": float(np.median(lengths)) if len(lengths) else None,
    }


def _recessions(told: pd.DataFrame) -> dict[str, Any] | None:
    """Shares of each state within and without, how `stress` agrees, and the AUROC of its probability.

    `kappa` is Cohen's (1960): agreement beyond chance. None where the history has days of one sort only.
    """
    within = in_recession(pd.DatetimeIndex(told.index))
    if within.all() or not within.any():
        return None
    names, scores = told["regime"].to_numpy(np.str_), told["stress"].to_numpy()
    stress = names == "stress"
    agreed, rates = float((stress == within).mean()), (float(stress.mean()), float(within.mean()))
    by_chance = rates[0] * rates[1] + (1 - rates[0]) * (1 - rates[1])
    drawn = detection.aurocs(detection.Ordered.of(scores), within, block_counts(len(told), YEAR_BLOCK))
    return {
        "finals": int(within.sum()),
        "within": {state: float((names[within] == state).mean()) for state in STATES},
        "without": {state: float((names[~within] == state).mean()) for state in STATES},
        "of_stress": float(within[stress].mean()) if stress.any() else None,
        "kappa": (agreed - by_chance) / (1 - by_chance),
        "auroc": detection.auroc(scores, within),
        "interval": interval(drawn),
    }
