"""Champions that are shipped: what a fresh data folder's registry begins with, and when the history puts them in force.

A champion was taught on a part of the history that ESI ships. It comes into force where that part ends: what it says
from there on, and the skill that is shown of it, is of days that it had not seen.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from models.registry import aliases, manifest, store
from models.registry.aliases import Aliases
from models.registry.manifest import Manifest
from models.registry.refusals import ModelRefusedError
from schemas.control import MODEL_PROMOTED, Control
from schemas.market import Market

log = structlog.get_logger()

FIRST = 1
"""Number of the order that a shipped champion comes into force by."""


@dataclass(frozen=True)
class Due:
    """An order at its place in a history.

    Attributes:
        after_us: event time up to which the model knows the history, microseconds since 1970 (UTC).
        control: the order.
    """

    after_us: int
    control: Control


def bring(shipped: Path, registry: Path, market: Market) -> list[str]:
    """Puts a market's shipped champions into a registry that has no model of their names: each whole, or not at all.

    Returns:
        Names of those that were put there.

    Raises:
        OSError: the disk has no room.
    """
    brought = []
    for entry in _shipped(shipped, market):
        place = registry / entry.name
        if not place.exists():
            _copy(shipped / entry.name, place, entry)
            brought.append(entry.name)
    return brought


def due(shipped: Path, registry: Path, market: Market) -> list[Due]:
    """Orders of the shipped champions that the registry holds, by their time."""
    held = [
        one for one in _shipped(shipped, market) if (registry / one.name / one.version / manifest.MANIFEST).exists()
    ]
    orders = [Due(_taught_until(one), Control(MODEL_PROMOTED, one.name, _order(one), market.name)) for one in held]
    return sorted(orders, key=lambda one: one.after_us)


def _shipped(shipped: Path, market: Market) -> Iterator[Manifest]:
    """Manifests of a market's champions, by name; one that cannot be read is told and left out."""
    for name in store.names(shipped):
        try:
            said = aliases.read(shipped / name)
            entry = manifest.read(shipped / name / str(said.champion))
        except ModelRefusedError as error:
            log.warning("shipped_model_unreadable", model=name, reason=error.reason.value, advice=error.text)
            continue
        if entry.market == market.name:
            yield entry


def _copy(model: Path, place: Path, entry: Manifest) -> None:
    making = place.with_name(f".making-{os.getpid()}-{place.name}")
    shutil.rmtree(making, ignore_errors=True)
    try:
        shutil.copytree(model / entry.version, making / entry.version)
        aliases.write(making, _begun(entry))
        making.rename(place)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _begun(entry: Manifest) -> Aliases:
    return Aliases(champion=entry.version, orders=FIRST)


def _order(entry: Manifest) -> str:
    return aliases.order(entry.version, _begun(entry))


def _taught_until(entry: Manifest) -> int:
    return int(datetime.fromisoformat(entry.trained_to).timestamp() * 1e6)
