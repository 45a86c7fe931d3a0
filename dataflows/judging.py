"""What is found of a model before it is used: all checks in one, and what tells two versions apart."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from dataflows.config import FlowError
from models.features import Schema
from models.registry import aliases, manifest, store
from models.registry.aliases import Aliases
from models.registry.fits import Wanted, misfit
from models.registry.manifest import NOBODY, Manifest
from models.registry.refusals import ModelRefusedError
from models.registry.store import Verdict
from models.serving.admission import Admitted, admit, check_gate, gate_loss
from models.serving.shelf import COPIES, REFUSED, refusals
from schemas.market import Market

log = structlog.get_logger()

_FORGOTTEN = 10_000
"""Orders are numbered from about here where nobody knows any more how many there were."""


def wanted_by(market: Market) -> Wanted:
    """What a market asks of its models."""
    return Wanted(market.name, Schema.of(market).hash, tuple(sorted({1, market.horizon_periods})))


def check(registry: Path, name: str, version: str, market: Market, *, gate: bool = True) -> Verdict:
    """Everything that is asked of a model before it is used; the verdict is kept with it.

    Args:
        registry: its folder.
        name: of the model.
        version: of it.
        market: that it is for.
        gate: whether it must not be worse than the champion.

    Raises:
        FlowError: there is no such version.
    """
    folder, champion = _found(registry, name, version), _champion(registry / name, version)
    losses: dict[str, float] = {}
    try:
        candidate = admit(folder, time.thread_time_ns)
        if error := misfit(candidate.model.manifest, wanted_by(market)):
            raise error
        if gate:
            losses = check_gate(candidate, champion)
        verdict = Verdict(now(), losses=losses, against=_version(champion))
    except ModelRefusedError as error:
        verdict = Verdict(now(), error.reason, error.text, losses, _version(champion))
        log.warning("model_refused", model=name, version=version, reason=error.reason.value, advice=error.text)
    try:
        store.judge(folder, verdict)
    except OSError as error:
        log.warning("verdict_not_kept", model=name, version=version, error=str(error))
    return verdict


def difference(registry: Path, name: str, one: str, other: str) -> dict[str, tuple[object, object]]:
    """What differs between two versions, by field; metrics, and losses on the second one's gate set, each by itself.

    Raises:
        FlowError: one of them is not there, or cannot be read.
    """
    first, second = (_read(registry, name, version) for version in (one, other))
    found: dict[str, tuple[object, object]] = {}
    for key in Manifest.__struct_fields__:
        if key not in {"metrics", "files"} and getattr(first, key) != getattr(second, key):
            found[key] = (getattr(first, key), getattr(second, key))
    for key in sorted({*first.metrics, *second.metrics}):
        found[f"metrics.{key}"] = (first.metrics.get(key), second.metrics.get(key))
    return found | {"loss on the gate set": _losses(registry, first, second)}


def _found(registry: Path, name: str, version: str) -> Path:
    try:
        return store.find(registry, name, version)
    except ModelRefusedError as error:
        raise FlowError(error.text) from error


def _read(registry: Path, name: str, version: str) -> Manifest:
    try:
        return manifest.read(_found(registry, name, version))
    except ModelRefusedError as error:
        raise FlowError(error.text) from error


def _losses(registry: Path, first: Manifest, second: Manifest) -> tuple[object, object]:
    try:
        folders = (store.find(registry, one.name, one.version) for one in (first, second))
        one, other = (admit(folder, time.thread_time_ns, known=True) for folder in folders)
        return gate_loss(one.model, other.golden), gate_loss(other.model, other.golden)
    except ModelRefusedError as error:
        return str(error), None


def _champion(model: Path, candidate: str) -> Admitted | None:
    """The champion to compare with; None where there is none, or none that can be used."""
    version = aliases_of(model).champion
    if version is None or version == candidate:
        return None
    try:
        return admit(model / version, time.thread_time_ns, known=True)
    except ModelRefusedError as error:
        log.warning("champion_unusable", model=model.name, version=version, reason=error.reason.value)
        return None


def aliases_of(model: Path) -> Aliases:
    """The aliases; an unreadable file is written anew by the next promotion."""
    try:
        return aliases.read(model)
    except ModelRefusedError as error:
        log.warning("aliases_unreadable", model=model.name, error=error.text)
        return Aliases(orders=_FORGOTTEN + int(time.time()) % _FORGOTTEN)


def _version(one: Admitted | None) -> str | None:
    return None if one is None else one.model.manifest.version


def now() -> str:
    """The time, UTC, RFC 3339."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def inventory(registry: Path, flows: Path) -> list[dict[str, Any]]:
    """All versions as plain data, each with what the flows on this machine have refused of it.

    Args:
        registry: folder of the models.
        flows: folder of the flows' states, one folder a feed.
    """
    refused = _refused(flows)
    found = [msgspec.to_builtins(one) for one in store.listing(registry)]
    return [one | {"refused": refused.get((one["name"], one["version"]), [])} for one in found]


def market_of(registry: Path, name: str, version: str | None) -> str:
    """Name of the market that a model is for, by its manifest; without a version by the newest that can be read.

    Raises:
        FlowError: there is no such version, or it cannot be read.
    """
    if version is not None:
        return _read(registry, name, version).market
    known = [one.manifest.market for one in store.versions(registry, name) if one.manifest is not None]
    if not known:
        msg = f"{registry} has no model {name} that can be read; models: {', '.join(store.names(registry)) or 'none'}"
        raise FlowError(msg)
    return known[-1]


def versions_of(registry: Path, market: str) -> set[tuple[str, str]]:
    """Names and versions of a market's models that can be read."""
    found = (one.manifest for one in store.listing(registry) if one.manifest is not None)
    return {(one.name, one.version) for one in found if one.market == market}


def _refused(flows: Path) -> dict[tuple[str, str], list[dict[str, str]]]:
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for file in sorted(flows.glob(f"*/{COPIES}/*/{REFUSED}")):
        for order, (reason, text) in refusals(file).items():
            key = (file.parent.name, aliases.ordered(order) or NOBODY)
            told = {"feed": file.parents[2].name, "order": order, "reason": reason.value, "text": text}
            found.setdefault(key, []).append(told)
    return found
