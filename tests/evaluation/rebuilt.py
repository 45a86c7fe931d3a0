"""The headline of `us` rebuilt from docs/method.md: plain NumPy, its inputs and indicators read out of the page."""

from __future__ import annotations

import re
import warnings
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import exchange_calendars
import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar

PAGE = (Path(__file__).parent.parent.parent / "docs" / "method.md").read_text()

Columns = dict[str, "pd.Series[float]"]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SEGMENTS = {
    "equity": 0.15,
    "credit": 0.2,
    "funding": 0.35,
    "rates": 0.15,
    "fx": 0.05,
    "commodities": 0.05,
    "macro": 0.05,
}
"""Section 13.1, as are the half-life of volatility, the warm-up and the cut-off."""
HALF_LIFE, WARM_UP, CUTOFF = 16, 250, pd.Timedelta("2h")
WINDOW = 504


class Seen(NamedTuple):
    """An input at each final, by sections 2 to 4; `fresh` where it had a bar."""

    close: Floats
    live: Flags
    fresh: Flags
    variance: Floats
    elapsed: Floats
    by_log: bool


def rows(begin: str, end: str | None = None) -> list[list[str]]:
    """Cells of a table of the page, without its head."""
    part = PAGE[PAGE.index(begin) : PAGE.index(end) if end else None]
    lines = [line.strip("|").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip(" `") for cell in line] for line in lines[1:]]


INPUTS = {name: cells for name, *cells in rows("## Annex A", "## Annex B")}
"""Kind, unit, public, stale, doubted beyond, source, why."""

INDICATORS = [row for row in rows("## Annex B") if not row[4].startswith("watched")]
"""Name, segment, kind, of, weight, why."""


def span(text: str) -> pd.Timedelta:
    """`46h`, `8d`."""
    return pd.Timedelta(int(text[:-1]), text[-1].replace("d", "D"))


@cache
def exchange(name: str) -> pd.Series[Any]:
    """Closes (UTC) of an exchange's sessions by their days."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # exchange-calendars 4.13 reads `Series.values`
        found = exchange_calendars.get_calendar(name, start="1990-01-01", end="2030-12-31")
    closes = pd.DatetimeIndex(found.closes).tz_localize(None)
    return pd.Series(closes, index=pd.DatetimeIndex(found.sessions).tz_localize(None))


def public(name: str, values: pd.Series[float]) -> pd.Series[float]:
    """Values by the moment they were public, one a moment, those that are refused left out (sections 2, 2.1)."""
    kind, _, told, _, beyond, *_ = INPUTS[name]
    values = values.dropna()
    if told.startswith("close"):
        closes = exchange(re.findall(r"\((\w+)\)", told)[0] if "(" in told else "XNYS")
        values = values[values.index.isin(closes.index)]
        at = pd.DatetimeIndex(closes[values.index])
    elif "US working days" in told:
        holidays = USFederalHolidayCalendar().holidays("1990", "2030").to_numpy().astype("datetime64[D]")
        dated = values.index.to_numpy().astype("datetime64[D]")
        at = pd.DatetimeIndex(np.busday_offset(dated, 1, roll="backward", holidays=holidays)) + span("22h")
    else:
        at = pd.DatetimeIndex(values.index) + span(told)
    good = accepted(values.to_list(), float(beyond), kind.startswith("price"), "signed" in kind)
    return pd.Series(values.to_numpy(), at)[good].groupby(level=0).last()


def accepted(values: list[float], beyond: float, price: bool, signed: bool) -> list[bool]:
    """Which values are no bad prints (section 2.1)."""
    good: list[bool] = []
    last = doubted = np.nan
    agreed, usual = 0, 0.0
    for x in values:
        if price and not signed and x <= 0:
            good.append(False)
            continue
        far, near = (abs(x - y) / (abs(y) if price and y else 1.0) for y in (last, doubted))
        limit = max(beyond, 30 * usual)
        if far > limit:
            agreed, doubted = agreed + 1 if agreed and near <= limit else 1, x
        else:
            agreed, usual = 0, usual + (far - usual) / 64 if np.isfinite(far) else usual
        good.append(agreed in {0, 5})
        if good[-1]:
            last, agreed = x, 0
    return good


def seen(name: str, values: pd.Series[float], finals: pd.DatetimeIndex) -> Seen:
    """What the finals see of an input."""
    kind, _, _, stale, *_ = INPUTS[name]
    by_log = kind.startswith("price") and "signed" not in kind
    x = np.log(values.to_numpy()) if by_log else values.to_numpy()
    squares = np.append(0.0, np.diff(x) ** 2)
    of = finals.searchsorted(values.index)
    squares, of, x = squares[of < len(finals)], of[of < len(finals)], values.to_numpy()[of < len(finals)]
    variance, elapsed, close = (np.full(len(finals), np.nan) for _ in range(3))
    fresh = np.unique(of)
    elapsed[fresh] = np.diff(fresh, prepend=np.nan)
    variance[fresh] = np.bincount(of, squares, len(finals))[fresh]
    last = np.searchsorted(of, np.arange(len(finals)), "right") - 1
    known = last >= 0
    close[known] = x[last[known]]
    live, came = np.zeros((2, len(finals)), bool)
    live[known] = finals[known] - values.index[last[known]] <= span(stale)
    came[fresh] = True
    return Seen(close, live, came, variance, elapsed, by_log)


def volatility(of: Seen, half_life: float) -> Floats:
    """Section 4; the first bar of all has no move."""
    v = w = 0.0
    found = np.full(len(of.close), np.nan)
    for t, (x, a) in enumerate(zip(of.variance, of.elapsed, strict=True)):
        if np.isfinite(x) and np.isfinite(a):
            new = 1 - 0.5 ** (a / half_life)
            v, w = v + new * (x / a - v), w + new * (1 - w)
        found[t] = np.sqrt(v / w) if w else np.nan
    return found


def outermost(x: Floats, window: int, turn: int, data: Flags) -> Floats:
    """The highest (turn 1) or lowest (-1) of a window that is kept in blocks, the value itself included (section 7)."""
    block = max(round((window - 1) / 24), 1)
    before = ceil((window - 1) / block) - 1
    past, found = turn * x[data], np.empty(len(x))
    for t, n in enumerate(np.cumsum(data) - data):  # how many finals with data were before
        first = max((n - 1) // block - before, 0) * block
        found[t] = np.fmax.reduce([*past[first:n], turn * x[t]])
    return turn * found


def earlier(x: Floats, window: int, data: Flags) -> Floats:
    """The value so many finals with data before; no-data finals have none."""
    found = np.full(len(x), np.nan)
    places = np.flatnonzero(data)
    found[places[window:]] = x[places[:-window]]
    return found


def indicator(kind: str, window: int | None, of: list[Seen], data: Flags) -> Floats:
    """Section 6, for the kinds that count in `us`."""
    one, x = of[0], np.where(of[0].live, of[0].close, np.nan)
    match kind:
        case "level":
            found = x
        case "spread":
            found = x - of[1].close
        case "term_structure":
            found = x / of[1].close
        case "realized_volatility":
            found = volatility(one, window or HALF_LIFE)
        case "cmax":
            top = outermost(x, window or WINDOW, 1, data)
            found = 1 - x / top if one.by_log else top - x
        case "drawup" | "change":
            least = outermost(x, window or WINDOW, -1, data)
            then = least if kind == "drawup" else earlier(x, window or WINDOW, data)
            found = np.log(x / then) if one.by_log else x - then
        case _:
            raise AssertionError(kind)
    return np.where(np.logical_and.reduce([each.live for each in of]), found, np.nan)


def scored(x: Floats, data: Flags) -> Floats:
    """Causal z-scores on 0..1 (section 7); finals without data teach nothing (section 11)."""
    found, n, mean, squares = np.full(len(x), np.nan), 0, 0.0, 0.0
    for t in np.flatnonzero(np.isfinite(x)):
        if n >= WARM_UP and squares > 0:
            found[t] = (np.clip((x[t] - mean) / np.sqrt(squares / (n - 1)), -2, 8) + 2) / 10
        if data[t]:
            n, distance = n + 1, x[t] - mean
            mean += distance / n
            squares += distance * (x[t] - mean)
    return found


def headline(columns: Columns) -> pd.Series[float]:
    """The index at each final, by the end of its period (section 8)."""
    known = {name: public(name, columns[name]) for name in INPUTS if name in columns}
    first, last = min(s.index[0] for s in known.values()), max(s.index[-1] for s in known.values())
    finals = pd.DatetimeIndex(exchange("XNYS") + CUTOFF)
    finals = finals[(finals >= first) & (finals <= last + pd.Timedelta("1D"))]
    inputs = {name: seen(name, values, finals) for name, values in known.items()}
    data = np.logical_or.reduce([one.fresh for one in inputs.values()])
    tops, sizes = ({s: np.zeros(len(finals)) for s in SEGMENTS} for _ in range(2))
    by_name: dict[str, Floats] = {}
    for name, segment, told, names, role, _ in INDICATORS:
        kind, _, given = told.partition("` ")
        window = re.search(r"(\d+)d", given)
        raw = indicator(kind, int(window[1]) if window else None, [inputs[one] for one in names.split(", ")], data)
        by_name[name] = scored(-raw if "turned" in given else raw, data)
        weight, _, follows = role.partition("; follows ")
        counts = np.isfinite(by_name[name]) & ~np.isfinite(by_name.get(follows, np.nan))
        tops[segment] += np.where(counts, float(weight) * by_name[name], 0.0)
        sizes[segment] += float(weight) * counts
    weights = {s: w * (sizes[s] > 0) for s, w in SEGMENTS.items()}
    scores = {s: tops[s] / np.where(sizes[s] > 0, sizes[s], 1) for s in SEGMENTS}
    total = np.sum(list(weights.values()), axis=0)
    index = 100 * np.sum([weights[s] * scores[s] for s in SEGMENTS], axis=0) / np.where(total > 0, total, np.nan)
    return pd.Series(index, finals)
