"""`esi markets`: the markets that can be run, and what their files say."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from schemas.market import Market
from schemas.market_file import load, shipped


def report(chosen: list[str]) -> list[dict[str, Any]]:
    """What there is to know of the chosen markets (names or paths), or of all shipped ones.

    Raises:
        MarketFileError: one of them cannot be used; the message names file, line and field.
    """
    return [_summary(load(name)) for name in chosen or shipped()]


def _summary(market: Market) -> dict[str, Any]:
    return {
        "name": market.name,
        "title": market.title,
        "about": market.about,
        "feed": market.feed,
        "calendar": market.calendar,
        "period_us": market.period,
        "step_us": market.step,
        "bar_us": market.bar,
        "synthetic": market.synthetic,
        "instruments": [instrument.name for instrument in market.instrument],
        "segments": {segment.name: [one.name for one in segment.indicator] for segment in market.segment},
    }


def show(markets: list[dict[str, Any]]) -> None:
    """Prints markets for people."""
    table = Table(box=None, header_style="bold")
    for title in ("market", "feed", "calendar", "instruments", "segments", "about"):
        table.add_column(title, overflow="fold")
    for one in markets:
        counts = (str(len(one["instruments"])), ", ".join(one["segments"]))
        table.add_row(one["name"], one["feed"], one["calendar"], *counts, one["about"] or one["title"])
    Console().print(table)
