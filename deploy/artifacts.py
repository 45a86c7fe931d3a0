"""Which markets of `esi up` begin with a reference artifact, and what it holds."""

from __future__ import annotations

import contextlib
from pathlib import Path

from deploy.settings import Settings
from schemas.market import Market
from schemas.market_file import load
from schemas.reference import Manifest, ReferenceFileError, file_of, manifest_of


def artifacts(settings: Settings) -> dict[str, Manifest]:
    """Manifests by market, of the markets that begin with an artifact or once began with one.

    A damaged one is left out: the flow that reads it says what is wrong with it.

    Raises:
        MarketFileError: a market cannot be used.
    """
    found = {}
    for name in settings.markets:
        market = load(name)
        if (file := _file(settings, market)) is not None:
            with contextlib.suppress(ReferenceFileError):
                found[market.name] = manifest_of(file)
    return found


def has_artifact(settings: Settings, name: str) -> bool:
    """Whether a market (name or path) begins with an artifact, damaged or not."""
    return _file(settings, load(name)) is not None


def _file(settings: Settings, market: Market) -> Path | None:
    """The artifact of a market as its flow chooses it (`dataflows.beginning`)."""
    folder = settings.data_dir / "flows" / market.feed
    kept, shipped = file_of(folder, market.name), file_of(settings.reference_dir, market.name)
    if kept.exists():
        return kept
    return shipped if shipped.exists() and not has_saved(settings, market.feed) else None


def has_saved(settings: Settings, feed: str) -> bool:
    """Whether the flow of a feed has begun before, in this data folder."""
    return any((settings.data_dir / "flows" / feed).glob("part-*.sqlite3"))
