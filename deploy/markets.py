"""`esi markets`: the markets that can be run, and what their files say."""

# ruff: noqa: PLC0415 - who has no rules to check does not load what checks them
from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from schemas.alert_fields import vocabulary_of
from schemas.market import Market
from schemas.market_file import MarketFileError, load, shipped


def report(chosen: list[str]) -> list[dict[str, Any]]:
    """What there is to know of the chosen markets (names or paths), or of all shipped ones.

    Raises:
        MarketFileError: one of them, or one of its rules, cannot be used; the message names file and place.
    """
    markets = {name: load(name) for name in chosen or shipped()}
    for name, market in markets.items():
        _check_rules(name, market)
    return [_summary(market) for market in markets.values()]


def _check_rules(name: str, market: Market) -> None:
    """Refuses rules that say something that their market does not have.

    Raises:
        MarketFileError: there is such a rule; the message shows the place.
    """
    if not market.alert:
        return
    from api.alerting.console import ConsoleError, fitting

    for rule in market.alert:
        try:
            fitting(rule, vocabulary_of(market))
        except ConsoleError as error:
            msg = f"{name}: alert {rule.name!r}: {error}"
            raise MarketFileError(msg) from error


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
        "alerts": [rule.name for rule in market.alert],
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
