"""Events against series: how well each tells the days of stress, by kind, and the index beside its baselines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from evaluation import detection
from evaluation.baselines import EQUITY_VOLATILITY, VIX
from evaluation.bootstrap import Floats, block_counts, interval
from evaluation.events import OTHER_KINDS, Event, Flags, before, during, groups, placed

BLOCKS: Final = (20, 60)
"""Sessions of a block of the bootstrap: a window of an event, and three."""

_INDEX: Final = "index"
_OTHERS: Final = (VIX, EQUITY_VOLATILITY)

Progress = Callable[[int, int], None]


def judge(table: pd.DataFrame, events: list[Event], progress: Progress | None = None) -> dict[str, Any]:
    """How the series of a table tell the days of the events.

    Judged are the days on which all series are known, from the year of the first event to that of the last. A day of
    an event of another kind is neither right nor wrong.

    Args:
        table: daily series by name, `index` among them.
        events: what happened.
        progress: told the number of groups done, and of all.

    Returns:
        `sample` (first, last, days), `listed` (each event: date, name, kind, judged, and the delay of each series in
        sessions), and by group of events: `events`, `prevalence`, `series` (auroc, auprc, auroc_before, detected,
        delay_median, false_alarm_days), `differences` of the index's AUROC to those of VIX and equity volatility.
    """
    alarms = table.apply(detection.percentiles) >= detection.ALARM
    sample = _sample(table, events)
    alarms = alarms.loc[sample.index]
    found = placed(pd.DatetimeIndex(sample.index), events)
    told = groups([event for event, _ in found]) if found else {}
    judged = {}
    for n, (name, members) in enumerate(told.items()):
        judged[name] = _group(sample, alarms, found, members)
        if progress:
            progress(n + 1, len(told))
    return {"sample": _extent(sample), "listed": _listed(alarms, found, events), "groups": judged}


def _sample(table: pd.DataFrame, events: list[Event]) -> pd.DataFrame:
    """Days on which everything is known, within the years of the events."""
    years = [event.on.year for event in events]
    return table.loc[str(min(years)) : str(max(years))].dropna()


def _extent(sample: pd.DataFrame) -> dict[str, Any]:
    ends = [str(day.date()) for day in sample.index[[0, -1]]] if len(sample) else [None, None]
    return {"first": ends[0], "last": ends[1], "days": len(sample)}


def _listed(alarms: pd.DataFrame, found: list[tuple[Event, int]], events: list[Event]) -> list[dict[str, Any]]:
    at = dict(found)
    return [
        {"date": str(e.on.date()), "name": e.name, "kind": e.kind, "judged": e in at}
        | ({"delay": {s: detection.delays(alarms[s].to_numpy(), [at[e]])[0] for s in alarms}} if e in at else {})
        for e in events
    ]


def _group(
    sample: pd.DataFrame, alarms: pd.DataFrame, found: list[tuple[Event, int]], members: list[Event]
) -> dict[str, Any]:
    """One group: its own days against days that belong to no event at all."""
    n, at = len(sample), [day for event, day in found if event in members]
    every = [day for _, day in found]
    own, others = during(n, at), during(n, every) | before(n, every)
    stressed = during(n, every)
    kept, kept_before = own | ~stressed, before(n, at) & ~stressed | ~others
    return {
        "events": len(at),
        "prevalence": float(own.sum() / kept.sum()),
        "series": {
            name: _series(sample[name].to_numpy(), alarms[name].to_numpy(), at, (own, kept, kept_before, stressed))
            for name in sample
        },
        "differences": _differences(sample, own, kept),
    }


def _series(scores: Floats, alarms: Flags, at: list[int], days: tuple[Flags, Flags, Flags, Flags]) -> dict[str, Any]:
    own, kept, kept_before, stressed = days
    waited = detection.delays(alarms, at)
    known = [delay for delay in waited if delay is not None]
    early = before(len(scores), at)
    return {
        "auroc": detection.auroc(scores[kept], own[kept]),
        "auprc": detection.auprc(scores[kept], own[kept]),
        "auroc_before": detection.auroc(scores[kept_before], early[kept_before]),
        "detected": len(known),
        "delay_median": float(np.median(known)) if known else None,
        "false_alarm_days": detection.false_alarm_days(alarms, stressed),
    }


def _differences(sample: pd.DataFrame, own: Flags, kept: Flags) -> dict[str, Any]:
    """The index's AUROC minus each baseline's, by block length: the difference and its interval.

    Whole days are drawn, the same for all, so that index and baselines are judged on the same ones.
    """
    others = [name for name in _OTHERS if name in sample]
    ordered = {s: detection.Ordered.of(sample[s].to_numpy()[kept]) for s in (_INDEX, *others)}
    counts: dict[str, Floats] = {"": np.ones((1, int(kept.sum())))}
    counts |= {str(length): block_counts(len(sample), length)[:, kept] for length in BLOCKS}
    drawn = {b: {s: detection.aurocs(of, own[kept], c) for s, of in ordered.items()} for b, c in counts.items()}
    whole = drawn.pop("")
    return {
        name: {
            block: {"difference": float(whole[_INDEX][0] - whole[name][0]), "interval": interval(d[_INDEX] - d[name])}
            for block, d in drawn.items()
        }
        for name in others
    }


def curves(table: pd.DataFrame, events: list[Event]) -> dict[str, dict[str, tuple[Floats, Floats]]]:
    """ROC curves of the index and its baselines, for all events and for those of funding, rates and fx.

    Args:
        table: as in `judge`.
        events: likewise.

    Returns:
        By group and series: shares of false and of true alarms.
    """
    sample = _sample(table, events)
    found = placed(pd.DatetimeIndex(sample.index), events)
    told, every = groups([event for event, _ in found]), during(len(sample), [day for _, day in found])
    drawn = {}
    for name in (name for name in ("all", " + ".join(OTHER_KINDS)) if told.get(name)):
        own = during(len(sample), [day for event, day in found if event in told[name]])
        kept = own | ~every
        drawn[name] = {
            s: detection.roc(sample[s].to_numpy()[kept], own[kept]) for s in (_INDEX, *_OTHERS) if s in sample
        }
    return drawn
