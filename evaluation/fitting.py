"""Parameters of GARCH(1,1) fitted on a past that is over, for a market file to hold: nothing is fitted in the flow."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
from arch import arch_model

from evaluation.faults import InputError
from evaluation.panel import Panel
from models.signals.moves import logarithmic, moves
from schemas.duration import DAY_US
from schemas.indicator import Garch, Indicator
from schemas.market import Market

LEAST: Final = 1000
"""Moves below which the weight of the last move and that of the last variance are not told apart."""

_DIGITS: Final = 4


def fit(market: Market, panel: Panel, until: date) -> dict[str, Garch]:
    """Parameters of each `garch_volatility` of a market, from what a panel shows through a day (UTC), by indicator.

    Moves are those that the filter sees: from period to period, over the square root of the periods that they cover,
    zero mean (Bollerslev 1986; normal quasi-likelihood, by `arch`).

    Raises:
        InputError: the market has no such indicator, an instrument has too few moves by then, or its moves suggest a
            variance that returns to no level.
    """
    wanted = [i for segment in market.segment for i in segment.indicator if i.kind == "garch_volatility"]
    if not wanted:
        msg = f"{market.name}: no indicator is a garch_volatility: there is nothing to fit"
        raise InputError(msg)
    return {i.name: _fitted(market, panel, i, until) for i in wanted}


def seen_moves(market: Market, panel: Panel, name: str, until: date) -> tuple[npt.NDArray[np.float64], date, date]:
    """Moves of an instrument per square root of the periods that they cover, and the first and last day they span."""
    code = next(n for n, i in enumerate(market.instrument) if i.name == name)
    end_us = ((until - date(1970, 1, 1)).days + 1) * DAY_US
    bars = panel.bars[(panel.bars.code == code) & (panel.bars.available_us < end_us)]
    period = np.searchsorted(panel.closes_us, bars.available_us.to_numpy())
    last = np.append(np.flatnonzero(np.diff(period)), len(period) - 1) if len(period) else np.empty(0, np.intp)
    close, period = bars.close.to_numpy()[last], period[last]
    by_log = np.full(max(len(close) - 1, 0), logarithmic(market)[code])
    found = moves(close[1:], close[:-1], by_log) / np.sqrt(np.diff(period))
    days = bars.start_us.to_numpy()[last]
    return found[np.isfinite(found)], _day(days[0] if len(days) else 0), _day(days[-1] if len(days) else 0)


def _fitted(market: Market, panel: Panel, indicator: Indicator, until: date) -> Garch:
    found, first, last = seen_moves(market, panel, indicator.of[0], until)
    if len(found) < LEAST:
        msg = f"{indicator.name}: {indicator.of[0]} has {len(found)} moves until {until}, {LEAST} are needed"
        raise InputError(msg)
    scale = float(found.std())  # the optimiser wants numbers near one
    result = arch_model(found / scale, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off")
    omega, alpha, beta = (float(result.params[name]) for name in ("omega", "alpha[1]", "beta[1]"))
    if alpha + beta >= 1 - 10**-_DIGITS:
        msg = f"{indicator.name}: the moves until {until} suggest alpha + beta = {alpha + beta:.6f}: take a longer past"
        raise InputError(msg)
    values = (float(f"{omega * scale**2:.{_DIGITS}e}"), round(alpha, _DIGITS), round(beta, _DIGITS))
    return Garch(omega=values[0], alpha=values[1], beta=values[2], fitted_from=first, fitted_to=last)


def line(parameters: Garch) -> str:
    """The line of a market file that holds them."""
    p = parameters
    return (
        f"parameters = {{ omega = {p.omega!r}, alpha = {p.alpha!r}, beta = {p.beta!r}, "
        f'fitted_from = "{p.fitted_from}", fitted_to = "{p.fitted_to}" }}'
    )


def rewritten(text: str, fitted: dict[str, Garch]) -> str:
    """A market file with the `parameters` lines of these indicators renewed, all else as it was.

    Raises:
        InputError: an indicator has no such line.
    """
    for name, parameters in fitted.items():
        head = rf"(^name = {re.escape(_quoted(name))}\n(?:(?!\[\[).*\n)*?)"
        text, count = re.subn(
            head + r"parameters = \{.*\}$",
            lambda match, new=parameters: match[1] + line(new),  # type: ignore[misc]  # a default binds it to this turn
            text, count=1, flags=re.MULTILINE,
        )  # fmt: skip
        if not count:
            msg = f"{name}: no line `parameters = {{ ... }}` behind its name: write one, with any numbers"
            raise InputError(msg)
    return text


def _quoted(name: str) -> str:
    return f'"{name}"'


def _day(at_us: int) -> date:
    return date.fromordinal(date(1970, 1, 1).toordinal() + int(at_us) // DAY_US)
