"""Dated events of stress, and which days are theirs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from evaluation.faults import InputError
from evaluation.tables import Row, read_rows

SHIPPED: Final = Path(__file__).with_name("events.csv")
"""Thirteen dates of US market drops that were fixed before any detector was tried on them (all of kind `equity`:
stress of US equities was the rule for taking them), and seven of funding, rates and currencies."""

SPAN: Final = 20
"""Sessions of a window: an event's are its day and the 20 after it; the 20 before it are looked at on their own."""

OTHER_KINDS: Final = ("funding", "rates", "fx")
"""Kinds that are also taken together: what an index of many segments has to see and equity volatility does not."""

COLUMNS: Final = ("date", "name", "kind")

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Event:
    """One event: its day, its name and its kind."""

    on: pd.Timestamp
    name: str
    kind: str


def read_events(path: Path) -> list[Event]:
    """Events of a CSV `date,name,kind`, by date.

    Raises:
        InputError: as `read_rows`, no event, a missing column, a cell that is empty or no date.
    """
    header, *rows = read_rows(path, ",".join(COLUMNS))
    names = [name.strip() for name in header.cells]
    if missing := [name for name in COLUMNS if name not in names]:
        msg = f"{path}:1: no column {missing[0]}: write the header date,name,kind"
        raise InputError(msg)
    if not rows:
        msg = f"{path}: no event in it: write a row such as 2019-09-17,Repo spike,funding below the header"
        raise InputError(msg)
    places = [names.index(name) for name in COLUMNS]
    return sorted((_event(path, row, places) for row in rows), key=lambda e: (e.on, e.name))


def _event(path: Path, row: Row, places: list[int]) -> Event:
    on, name, kind = (row.cells[place].strip() if place < len(row.cells) else "" for place in places)
    date = pd.to_datetime(on, format="%Y-%m-%d", errors="coerce")
    if pd.isna(date):
        msg = f"{path}:{row.line}: {on!r} is no date: write 2008-09-15"
        raise InputError(msg)
    if not name or not kind:
        msg = f"{path}:{row.line}: {'kind' if name else 'name'} is empty: write {on},NAME,KIND"
        raise InputError(msg)
    return Event(date, name, kind)


def placed(days: pd.DatetimeIndex, events: list[Event]) -> list[tuple[Event, int]]:
    """Each event with the position of its day, or of the next session, whose windows lie wholly in `days`."""
    found = [(event, int(days.searchsorted(event.on))) for event in events]
    return [(event, at) for event, at in found if SPAN <= at < len(days) - SPAN]


def during(n: int, at: list[int]) -> Flags:
    """Days of the events and the 20 sessions after each, bool[n]."""
    return _windows(n, at, 0, SPAN)


def before(n: int, at: list[int]) -> Flags:
    """The 20 sessions before each event, bool[n]."""
    return _windows(n, at, -SPAN, -1)


def _windows(n: int, at: list[int], first: int, last: int) -> Flags:
    """From `first` to `last` sessions from each event, both included."""
    flags = np.zeros(n, np.bool_)
    for day in at:
        flags[max(day + first, 0) : day + last + 1] = True
    return flags


def groups(events: list[Event]) -> dict[str, list[Event]]:
    """Events in the groups that are reported: all, each kind, and those of funding, rates and fx together."""
    kinds = sorted({event.kind for event in events})
    found = {"all": events} | {kind: [e for e in events if e.kind == kind] for kind in kinds}
    others = [e for e in events if e.kind in OTHER_KINDS]
    return found | ({" + ".join(OTHER_KINDS): others} if others else {})
