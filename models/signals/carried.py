"""What a fold knows of its instruments, carried over to another list of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.signals.step import Ints, State


def carried_over(state: State, fresh: State) -> State:
    """A fold's state as a fold of other instruments continues from it.

    Instruments of both keep their open bars and what was learnt to judge their prices, new ones begin, and those that
    nobody reads any more are left out. A state of another step, version or bar comes back as it is, to be refused.

    Args:
        state: snapshot of `BarFold`.
        fresh: snapshot of the fold that is to continue, before its first record.
    """
    unlike = any(state.get(key) != fresh[key] for key in ("step", "version"))
    if unlike or state["layout"] == fresh["layout"] or state["layout"][-1] != fresh["layout"][-1]:
        return state
    before, after = state["layout"][:-1], fresh["layout"][:-1]
    place = {name: code for code, name in enumerate(after)}
    codes = np.array([place.get(name, -1) for name in before], np.int64)
    slot, code = np.divmod(state["rows"], len(before))
    kept = codes[code] >= 0
    return state | {
        "layout": fresh["layout"],
        "rows": slot[kept] * len(after) + codes[code[kept]],
        "ints": state["ints"][kept],
        "floats": state["floats"][kept],
        "values": _placed(state["values"], fresh["values"], codes),
        "memory": _placed(state["memory"], fresh["memory"], codes),
        "waiting": _waiting(state["waiting"], codes),
    }


def _placed(before: Any, fresh: Any, codes: Ints) -> Any:
    """Rows of the old instruments where they stand now, fresh ones elsewhere."""
    placed = fresh.copy()
    placed[codes[codes >= 0]] = before[codes >= 0]
    return placed


def _waiting(columns: tuple[Any, ...], codes: Ints) -> tuple[Any, ...]:
    """Bars that wait until they are public, by their new codes; the code is the first column."""
    moved = codes[columns[0]] if len(columns[0]) else columns[0]
    kept = moved >= 0
    return (moved[kept].astype(columns[0].dtype), *(column[kept] for column in columns[1:]))
