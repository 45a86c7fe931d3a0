"""Where a feed's markets begin: with nothing, or with a reference artifact, whose finals are published once."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog

from dataflows.config import FlowConfig, FlowError
from dataflows.sink import MarketStreams
from models.publication import Published
from models.reference import Reference, check_market, decode, fold_state, published, stage_states
from models.signals.step import State
from schemas.market import Market
from schemas.reference import ReferenceFileError, file_of

log = structlog.get_logger()


@dataclass(frozen=True)
class Beginning:
    """What a flow starts from where its recovery store has nothing.

    Attributes:
        steps: state of each step by its name, by market; markets without an artifact are not in it.
        folds: state of each partition of the feed, from 0 on; empty without an artifact of the whole feed.
        finals: what is to be published of each market before the flow goes on; nothing once it has saved anything.
    """

    steps: Mapping[str, Mapping[str, State]]
    folds: tuple[State, ...]
    finals: Mapping[str, list[Published]]


def begin(config: FlowConfig) -> Beginning:
    """The beginning of a flow: a fresh one takes the artifacts that are shipped, and keeps them beside its state.

    A flow that has saved something goes on with the artifacts that it began with, whatever is shipped by now; one that
    began without goes on without. Runs begin with nothing.

    Raises:
        FlowError: an artifact is damaged, or of another version of its market.
    """
    fresh = not _has_saved(config.state_dir)
    found = [(m, r) for m in config.markets if (r := _artifact(config, m, fresh=fresh)) is not None]
    whole = [(m, r) for m, r in found if m.instrument == config.feed_market().instrument]
    return Beginning(
        steps={m.name: stage_states(reference, config.partitions) for m, reference in found},
        folds=tuple(fold_state(r, m, number) for m, r in whole[:1] for number in range(config.partitions)),
        finals={m.name: published(reference) for m, reference in found} if fresh else {},
    )


def _artifact(config: FlowConfig, market: Market, *, fresh: bool) -> Reference | None:
    """The artifact that a market begins with, if there is one; a fresh flow keeps it."""
    kept = file_of(config.state_dir, market.name)
    places = [file_of(config.references, market.name), kept] if fresh and config.references is not None else [kept]
    file = next((place for place in places if place.exists()), None) if config.run is None else None
    if file is None:
        return None
    try:
        raw = file.read_bytes()
        reference = decode(raw, file)
        check_market(reference, market, file)
    except (ReferenceFileError, OSError) as error:
        raise FlowError(str(error)) from error
    if fresh and config.process_id == 0:
        _keep(kept, raw)
    return reference


def _keep(file: Path, raw: bytes) -> None:
    """Writes a file so that no reader sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    making = file.with_name(f".{file.name}.{os.getpid()}")
    making.write_bytes(raw)
    making.replace(file)


def _has_saved(folder: Path) -> bool:
    """Whether a recovery store has any state in it; one that was only made has none."""
    return any(_snapshots(file) for file in folder.glob("part-*.sqlite3"))


def _snapshots(file: Path) -> bool:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
        try:
            return store.execute("SELECT 1 FROM snaps LIMIT 1").fetchone() is not None
        except sqlite3.OperationalError:  # another process of this flow is just making it
            return False


def publish(config: FlowConfig, beginning: Beginning) -> None:
    """Publishes the finals of the artifacts as a flow does: fenced, in order, each once whoever repeats it.

    Raises:
        FlowError: the streams hold other bytes under these ids, or they would be cut before they are archived.
    """
    for name, finals in beginning.finals.items():
        if len(finals) > config.cap:
            msg = (
                f"the reference artifact of {name} holds {len(finals):,} finals, but its stream is cut at "
                f"{config.cap:,} entries, archived or not: raise ESI_CAP, or take the artifact away to start without it"
            )
            raise FlowError(msg)
        began = time.monotonic()
        with closing(MarketStreams(config, name)) as streams:
            streams.write_batch(finals)
        seconds = round(time.monotonic() - began, 2)
        log.info("reference_published", market=name, finals=len(finals), last=finals[-1].id, seconds=seconds)
