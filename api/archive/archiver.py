"""The archiver at work: read, commit, acknowledge, trim; and again from the archive's positions after any fault."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import structlog

from api.archive import entries, faults, plan, schema
from api.archive.config import ArchiveConfig
from api.archive.entries import Stream
from api.archive.ids import START, format_id
from api.archive.metrics import Metrics
from api.archive.plan import Position
from api.archive.store import Outcome, Store, open_store
from api.archive.streams import Entry, Streams, open_streams

log = structlog.get_logger()

STANDBY_S = 0.5
"""How often an archiver that stands by asks whether it may work."""


async def archive(config: ArchiveConfig, metrics: Metrics) -> None:
    """Archives until it is cancelled; servers that are away are waited for.

    Raises:
        SchemaError: the database is of a later version.
    """
    attempt = 0
    while True:
        session = _Session(config, metrics)
        try:
            await session.work()
        except Exception as error:
            fault = faults.name(error)
            if fault is None:
                raise
            attempt = 0 if session.worked else attempt + 1
            await _wait(fault, error, attempt, metrics)
        finally:
            metrics.working.set(0)


async def _wait(fault: faults.Fault, error: Exception, attempt: int, metrics: Metrics) -> None:
    metrics.errors.labels(fault).inc()
    delay = plan.backoff(attempt, random.random())
    detail = " ".join(str(error).split()) or type(error).__name__
    log.warning("interrupted", reason=fault, detail=detail, remedy=faults.REMEDY[fault], retry_in_s=round(delay, 2))
    await asyncio.sleep(delay)


class _Session:
    """From one connection to the next fault. It knows nothing that PostgreSQL does not know."""

    def __init__(self, config: ArchiveConfig, metrics: Metrics) -> None:
        self._config = config
        self._metrics = metrics
        self._attached: dict[str, tuple[Stream, Position]] = {}
        self.worked = False

    async def work(self) -> None:
        """Prepares the tables, waits to be the only archiver, archives until something fails."""
        await asyncio.to_thread(schema.migrate, self._config.postgres_url)
        async with open_store(self._config.postgres_url) as store, open_streams(self._config.redis_url) as streams:
            await self._be_the_only_one(store)
            committed = await store.positions()
            while True:
                await self._look_around(streams, committed)
                self.worked = True
                self._metrics.working.set(1)
                due = time.monotonic() + self._config.refresh_s
                while time.monotonic() < due:
                    await self._pass(store, streams, committed)

    async def _be_the_only_one(self, store: Store) -> None:
        told = False
        while not await store.try_lock():
            if not told:
                log.info("standing_by", detail="another archiver works on this database")
                told = True
            await asyncio.sleep(STANDBY_S)

    async def _pass(self, store: Store, streams: Streams, committed: dict[str, Position]) -> None:
        """One read, and the commit of what it brought."""
        if not self._attached:
            await asyncio.sleep(self._config.refresh_s / 2)
            return
        read = await streams.read([stream for stream, _ in self._attached.values()], self._config.batch)
        if read:
            await self._commit(store, streams, read, committed)
            if sum(map(len, read.values())) < self._config.batch // 10:
                await asyncio.sleep(self._config.linger_s)

    async def _commit(
        self, store: Store, streams: Streams, read: dict[str, list[Entry]], committed: dict[str, Position]
    ) -> None:
        batches = []
        for name, found in read.items():
            stream, position = self._attached[name]
            batches.append(entries.batch(stream, position.epoch, found))
        outcomes = await store.commit(batches, self._config.timeout_s)
        self._tell(outcomes)
        for batch in batches:
            position = Position(batch.epoch, batch.last)
            committed[batch.stream.name] = position
            self._attached[batch.stream.name] = (batch.stream, position)
        await streams.acknowledge({name: [position for position, _ in found] for name, found in read.items()})

    def _tell(self, outcomes: Sequence[Outcome]) -> None:
        self._metrics.count_commit()
        for outcome in outcomes:
            stream = outcome.batch.stream
            self._metrics.rows.labels(stream.market, stream.channel).inc(outcome.added)
            for refusal in outcome.refusals:
                self._metrics.refusals.labels(refusal.reason).inc()
                log.error("refused", stream=stream.name, id=format_id(refusal.id), reason=refusal.reason)

    async def _look_around(self, streams: Streams, committed: dict[str, Position]) -> None:
        """Takes up streams that are new or began anew, lets go of those that are gone, trims the others."""
        found = await streams.found()
        for gone in set(self._attached) - {stream.name for stream in found}:
            del self._attached[gone]
            self._metrics.forget(gone)
        for stream, epoch in found.items():
            known = self._attached.get(stream.name)
            if known is None or known[1].epoch != epoch:
                await self._attach(streams, stream, epoch, committed.get(stream.name))
        await self._trim(streams)
        await self._measure(streams)

    async def _attach(self, streams: Streams, stream: Stream, epoch: str, last: Position | None) -> None:
        position = plan.resume(epoch, last)
        if last is not None and last.epoch != epoch:
            log.warning("epoch_changed", stream=stream.name, was=last.epoch, now=epoch, archived=format_id(last.id))
        if plan.has_gap(position, await streams.head(stream)):
            self._metrics.gaps.labels(stream.name).inc()
            log.error("gap", stream=stream.name, behind=format_id(position), detail="removed before it was archived")
        await streams.attach(stream, position)
        self._attached[stream.name] = (stream, Position(epoch, position))
        log.info("attached", stream=stream.name, epoch=epoch, behind=format_id(position))

    async def _trim(self, streams: Streams) -> None:
        for name, (_, position) in self._attached.items():
            if position.id != START:
                gone = await streams.trim(name, self._config.keep, position.id)
                self._metrics.trimmed.labels(name).inc(gone)

    async def _measure(self, streams: Streams) -> None:
        attached = [stream for stream, _ in self._attached.values()]
        for stream, lag in zip(attached, await streams.lags([s.name for s in attached]), strict=True):
            self._metrics.lag.labels(stream.name).set(lag)
        for stream, cut in zip(attached, await streams.cuts(attached), strict=True):
            self._metrics.cut.labels(stream.name).set(cut)
