"""`esi markets`: the markets that can be run, what their files say, and since when they are published."""

# ruff: noqa: PLC0415 - who has no rules to check does not load what checks them
from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from deploy.state import Up, held
from schemas.alert_fields import vocabulary_of
from schemas.fingerprint import fingerprint
from schemas.market import Market
from schemas.market_file import MarketFileError, load, shipped, with_editions
from schemas.names import edition_of

ANSWER_S = 2.0
WIDE = 140
"""Columns of a terminal from which on everything stands in one table."""

COLUMNS = ("market", "edition", "file", "since", "feed", "inputs")


def report(chosen: list[str], data: Path | None = None) -> list[dict[str, Any]]:
    """What there is to know of the chosen markets (names or paths) and their later editions, or of all shipped ones.

    Args:
        chosen: names or paths.
        data: data folder of an `esi up`, which is asked since when each market is published.

    Raises:
        MarketFileError: one of them, or one of its rules, cannot be used; the message names file and place.
    """
    markets = {name: load(name) for name in with_editions(chosen or shipped())}
    for name, market in markets.items():
        _check_rules(name, market)
    published = _published(data) if data is not None else {}
    return [_summary(market, published.get(market.name, {})) for market in markets.values()]


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


def _summary(market: Market, published: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": market.name,
        "edition": edition_of(market.name)[1],
        "fingerprint": fingerprint(market),
        "version": published.get("version"),
        "since": published.get("since"),
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


def _published(data: Path) -> dict[str, dict[str, Any]]:
    """The definitions that a running `esi up` publishes, by name; nothing where none runs or answers."""
    up = Up.read(data)
    if up is None or not held(data):
        return {}
    try:
        with urllib.request.urlopen(f"{up.api_url}/v1/markets", timeout=ANSWER_S) as answer:  # nosec B310  # our own API
            found = json.loads(answer.read())["markets"]
    except (urllib.error.URLError, OSError, ValueError, KeyError):
        return {}
    return {one["name"]: one for one in found}


def show(markets: list[dict[str, Any]]) -> None:
    """Prints markets for people: a line each, and where that has no room for it, what they are about below."""
    console = Console(highlight=False, markup=False)
    is_wide = console.width >= WIDE
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in COLUMNS:
        table.add_column(title, no_wrap=True)
    for title in ("segments", "about") if is_wide else ():
        table.add_column(title, overflow="fold")
    for one in markets:
        said = (", ".join(one["segments"]), one["about"] or one["title"])
        table.add_row(*_cells(one), *(said if is_wide else ()))
    console.print(table)
    for one in () if is_wide else markets:
        console.print(f"\n{one['name']}", style="bold")
        console.print(Padding(f"{one['about'] or one['title']}\nSegments: {', '.join(one['segments'])}", (0, 0, 0, 2)))


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    """What a market's line says, by column."""
    known = (str(one["edition"]), one["fingerprint"], (one["since"] or "")[:10], one["feed"])
    return one["name"], *known, str(len(one["instruments"]))


def show_json(markets: list[dict[str, Any]]) -> None:
    """Prints markets for programs."""
    sys.stdout.write(json.dumps(markets, indent=1) + "\n")
