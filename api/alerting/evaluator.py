"""The evaluator at work: read, evaluate, commit; and again from what PostgreSQL has after any fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from psycopg import AsyncConnection

from api.alerting import history, ledger, notify, rulebook, watch
from api.alerting.config import AlertsConfig
from api.alerting.desk import Desk
from api.alerting.ledger import Saved, Turn
from api.alerting.metrics import Metrics
from api.alerting.relay import Relay
from api.alerting.source import BATCH, Seen, Source, open_redis
from api.archive.ids import START
from schemas.names import RUN_MARK

Connection = AsyncConnection[tuple[Any, ...]]

EVALUATOR_LOCK: Final = 0x0E51_0003
"""Key of the advisory lock of the one evaluator that works; others stand by and deliver."""

STANDBY_S: Final = 0.5

log = structlog.get_logger("esi.alerts")


class Evaluator:
    """From one connection to the next fault.

    Attributes:
        worked: whether it has read anything since it was made.
        looked_at: when it last looked at everything (`time.monotonic`), for the heartbeat.
    """

    def __init__(self, config: AlertsConfig, metrics: Metrics, wake: asyncio.Event) -> None:
        self._config, self._metrics, self._wake = config, metrics, wake
        self._desks: dict[str, Desk] = {}
        self._epochs: dict[str, str] = {}
        self._cards: dict[str, Mapping[str, Any]] = {}
        self._since_ns: dict[str, int] = {}
        self._rules_version = -1
        self.worked = False
        self.looked_at = 0.0

    async def work(self) -> None:
        """Waits to be the only evaluator, then evaluates until something fails.

        Raises:
            psycopg.Error, redis.RedisError: a server is away, or refuses.
        """
        url = self._config.postgres_url
        async with connected(url) as connection, connected(url) as archive, open_redis(self._config.redis_url) as redis:
            await self._be_the_only_one(connection)
            for file in self._config.markets:
                await rulebook.adopt(connection, file)
            source, relay = Source(redis, archive), Relay(archive, redis)
            saved = await ledger.saved(connection)
            while True:
                await self._look_around(connection, source, saved)
                for market in self._desks:
                    await relay.pass_on(market)
                self._metrics.evaluating.set(1)
                self.worked, self.looked_at = True, time.monotonic()
                await self._read_for_a_while(connection, source, relay)

    async def _be_the_only_one(self, connection: Connection) -> None:
        told = False
        while True:
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (EVALUATOR_LOCK,))
            if (row := await cursor.fetchone()) and row[0]:
                return
            if not told:
                log.info("standing_by", detail="another process evaluates the rules; this one delivers")
                told = True
            await asyncio.sleep(STANDBY_S)

    async def _look_around(self, connection: Connection, source: Source, saved: dict[str, Saved]) -> None:
        """Takes up markets and rules that are new, tells what stands for long, and looks for silence."""
        self._epochs |= await source.markets()  # a market that Redis forgot is silent all the more
        version = await rulebook.version(connection)
        if version != self._rules_version:
            saved.update({market: desk.saved() for market, desk in self._desks.items()})
            self._desks.clear()
            self._rules_version = version
        for market, epoch in self._epochs.items():
            await self._take_up(connection, source, market, epoch, saved)
        if await notify.remind(connection, datetime.now(UTC), self._config.page_url):
            self._wake.set()
        await self._listen_for_silence(connection, source)
        await self._count(connection)

    async def _take_up(
        self, connection: Connection, source: Source, market: str, epoch: str, saved: dict[str, Saved]
    ) -> None:
        desk = self._desks.get(market)
        if desk is None:
            card = await source.card(market) or self._cards.get(market)
            if card is None:
                return
            self._cards[market] = card
            base = market.partition(RUN_MARK)[0]
            desk = self._desks[market] = Desk(market, card, await rulebook.rules(connection, base), saved.get(market))
            self._metrics.faulty.labels(market).set(len(desk.faults))
            if desk.new_windows:
                desk.warm(await history.past(connection, desk))
            await self._retire(connection, desk)
        if desk.epoch != epoch:
            desk.epoch, desk.position = epoch, START  # what it has seen already is told by its time

    async def _retire(self, connection: Connection, desk: Desk) -> None:
        now = datetime.now(UTC)
        async with connection.transaction():
            rows = await ledger.retire(connection, desk.market, desk.keys, now)
            await notify.announce(connection, rows, now, self._config.page_url)
        if rows:
            self._wake.set()

    async def _read_for_a_while(self, connection: Connection, source: Source, relay: Relay) -> None:
        due = time.monotonic() + self._config.look_s
        for desk in list(self._desks.values()):
            await self._catch_up(connection, source, desk)
        while time.monotonic() < due:
            if not self._desks:
                await asyncio.sleep(self._config.look_s / 4)
                continue
            found = await source.following({market: desk.position for market, desk in self._desks.items()})
            for market, desk in self._desks.items():
                desk.up_to_date = len(found.get(market, ())) < BATCH
            for market, seen in found.items():
                await self._evaluate(connection, source, self._desks[market], seen)
                await relay.pass_on(market)

    async def _catch_up(self, connection: Connection, source: Source, desk: Desk) -> None:
        """Reads from the archive what Redis no longer has."""
        while True:
            seen, lost = await source.missed(desk.market, desk.position)
            if not seen:
                break
            await self._evaluate(connection, source, desk, seen)
        if lost and desk.position != START:
            self._metrics.gaps.labels(desk.market).inc()

    async def _evaluate(self, connection: Connection, source: Source, desk: Desk, batch: Sequence[Seen]) -> None:
        turns: list[Turn] = []
        for seen in batch:
            wanted = desk.wants_details and seen.reading is not None and seen.reading.final
            details = await source.details(desk.market, seen.id) if wanted else None
            with self._metrics.evaluation.time():
                turns += desk.look(seen, details)
        self._metrics.readings.labels(desk.market).inc(len(batch))
        await self._commit(connection, desk, turns)

    async def _commit(self, connection: Connection, desk: Desk, turns: Sequence[Turn]) -> None:
        """Position, state, alerts and messages, or none of it."""
        now, old = datetime.now(UTC), timedelta(seconds=self._config.old_s)
        async with asyncio.timeout(15), connection.transaction():
            await ledger.move(connection, desk.market, desk.saved())
            rows = await ledger.record(connection, desk.market, turns, now, old) if turns else []
            told = await notify.announce(connection, rows, now, self._config.page_url)
        for row in rows:
            self._metrics.turns.labels(desk.market, row.alert.state).inc()
        if told:
            self._wake.set()

    async def _listen_for_silence(self, connection: Connection, source: Source) -> None:
        now_ns = time.time_ns()
        for desk in self._desks.values():
            if not (desk.watches_silence and desk.up_to_date):
                continue
            self._cards[desk.market] = desk.card = await source.card(desk.market) or desk.card
            began_ns = self._since_ns.setdefault(desk.market, now_ns)  # for a market that has never said anything
            silent = watch.silent_s(desk.card, desk.sent_ns or began_ns, now_ns)
            heard = silent is None or silent < self._config.tock_s
            if not heard and (turns := desk.tock(now_ns // 1_000, silent or 0.0)):
                await self._commit(connection, desk, turns)

    async def _count(self, connection: Connection) -> None:
        cursor = await connection.execute(
            "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'dead') "
            "FROM alert_outbox WHERE state <> 'sent'"
        )
        row = await cursor.fetchone()
        if row is not None:
            self._metrics.waiting.set(row[0])
            self._metrics.dead.set(row[1])


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection to PostgreSQL whose commits are on disk when they are told.

    Raises:
        psycopg.OperationalError: PostgreSQL is away, or refuses the login.
    """
    connection: Connection = await AsyncConnection.connect(
        url, autocommit=True, connect_timeout=5, client_encoding="utf8", application_name="esi-alerts"
    )
    try:
        await connection.execute("SET synchronous_commit TO on")
        yield connection
    finally:
        await connection.close()
