"""Rows of the ensemble come and go: what each part knows of its rows, carried over to other ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.ensemble.guests import Seated
from models.online.labels import Issued
from models.signals.step import Floats, Ints, State

_FRESH = -1


@dataclass(frozen=True)
class Moves:
    """Where rows come from, by their new places.

    Attributes:
        known: old row of which everything is known, or -1: it begins anew. The last one is the ensemble.
        spoken: old row that the newest forecast on its way was made in, or -1: it was not asked yet.
    """

    known: Ints
    spoken: Ints


def moves(own: int, before: Seated, after: Seated) -> Moves:
    """From some guests to others, behind so many experts of our own; another version under a label begins anew."""
    rows = {label: (own + n, version) for n, (label, version) in enumerate(before)}
    ours, last = list(range(own)), own + len(before)
    spoken = [rows.get(label, (_FRESH, ""))[0] for label, _ in after]
    known = [row if rows.get(label, (0, ""))[1] == version else _FRESH
             for row, (label, version) in zip(spoken, after, strict=True)]  # fmt: skip
    return Moves(np.array([*ours, *known, last]), np.array([*ours, *spoken, last]))


def carried(name: str, state: State, fresh: State, of: Moves) -> State:
    """The state of one part of the forecaster with rows moved; `fresh` is that of the part made for the new rows."""
    return fresh | _PARTS[name](state, fresh, of)


def _boa(state: State, fresh: State, of: Moves) -> State:
    """Newcomers take their share of the prior, the others keep what they have of each other in the rest."""
    source = of.known[:-1]
    weight = fresh["weight"].copy()
    stays = source != _FRESH
    kept = state["weight"][source[stays]]
    weight[stays] = kept * (1 - weight[~stays].sum(axis=0)) / kept.sum(axis=0)
    return {"weight": weight} | {key: _rows(state[key], fresh[key], source) for key in ("variance", "largest")}


def _guard(state: State, fresh: State, of: Moves) -> State:
    return {"offset": _rows(state["offset"], fresh["offset"], of.known)}


def _record(state: State, fresh: State, of: Moves) -> State:
    return {"losses": _rows(state["losses"].T, fresh["losses"].T, of.known).T.copy(), "hits": state["hits"]}


def _labels(state: State, _fresh: State, of: Moves) -> State:
    """Forecasts on their way: a newcomer answers for none that it did not make."""
    pending = [Issued(*one) for one in state["pending"]]
    sources = [of.known] * (len(pending) - 1) + [of.spoken]
    return {"pending": tuple(_moved(one, source) for one, source in zip(pending, sources, strict=False))}


def _moved(issued: Issued, source: Ints) -> tuple[Any, ...]:
    blank = np.full((len(source), issued.quantiles.shape[1]), np.nan)
    quantiles, unsorted = (_rows(said, blank, source) for said in (issued.quantiles, issued.unsorted))
    weights = _rows(issued.weights, np.zeros_like(blank[:-1]), source[:-1])
    total = weights.sum(axis=0)
    return tuple(
        issued._replace(quantiles=quantiles, unsorted=unsorted, weights=weights / np.where(total > 0, total, 1.0))
    )


def _rows(before: Floats, fresh: Floats, source: Ints) -> Floats:
    """Old rows where there is one, fresh ones elsewhere."""
    found = fresh.copy()
    found[source != _FRESH] = before[source[source != _FRESH]]
    return found


_PARTS = {"boa": _boa, "guard": _guard, "record": _record, "labels": _labels}

PARTS = tuple(_PARTS)
"""Parts of the forecaster that know rows."""
