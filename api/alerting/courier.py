"""Delivers what the outbox holds: claims, tells, writes down what came of it. Several processes may do so at once."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from pydantic import ValidationError

from api.alerting import outbox, registry
from api.alerting.config import AlertsConfig
from api.alerting.metrics import Metrics
from api.alerting.outbox import Claimed, Finished
from api.alerting.receivers import AnyReceiver
from api.alerting.receivers.base import Outcome
from api.alerting.receivers.webhook import Webhook
from api.alerting.retry import pause
from api.alerting.sender import Sender
from api.alerting.vault import Vault, VaultError

log = structlog.get_logger("esi.alerts")

LOOK_S: Final = 0.5
"""How often the outbox is looked at when nobody says that there is something."""

GONE: Final = 410
"""By which a webhook says that it shall not be called any more (Standard Webhooks, section on responses)."""

FORGET_S: Final = 3_600.0


class Courier:
    """One delivering process.

    Args:
        config: its settings.
        sender: tells one message.
        vault: opens receivers' secrets.
        metrics: its counters.
        wake: set by whoever has put something into the outbox.
    """

    def __init__(
        self, config: AlertsConfig, sender: Sender, vault: Vault, metrics: Metrics, wake: asyncio.Event
    ) -> None:
        self._config, self._sender, self._vault, self._metrics, self._wake = config, sender, vault, metrics, wake
        self._worker = secrets.randbits(30)
        self._known: dict[UUID, tuple[int, str, AnyReceiver | str]] = {}
        self._done: list[Finished] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._forget_at = 0.0

    async def run(self) -> None:
        """Delivers until it is cancelled or PostgreSQL fails; what is under way then is told again by somebody.

        Raises:
            psycopg.Error: PostgreSQL is away, or refuses.
        """
        async with _connected(self._config.postgres_url) as connection:
            while not await outbox.become_worker(connection, self._worker):
                self._worker = secrets.randbits(30)
            try:
                while True:
                    await self._pass(connection)
            finally:
                for task in self._under_way:
                    task.cancel()

    async def _pass(self, connection: outbox.Connection) -> None:
        """Writes down what is done, claims what there is room for, waits until something happens."""
        if self._done:
            done, self._done = self._done, []
            await outbox.finish(connection, self._worker, done, (self._config.breaks_after, self._config.cooling_s))
        await self._forget(connection)
        room = self._config.at_once - len(self._under_way)
        self._wake.clear()
        claimed = await self._claim(connection, room) if room else []
        for one in claimed:
            task = asyncio.create_task(self._tell(one))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if not self._done and not claimed:
            await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):  # Python 3.11's `wait_for` can swallow the cancellation that ends us
                await self._wake.wait()

    async def _claim(self, connection: outbox.Connection, room: int) -> list[Claimed]:
        config = self._config
        claimed = await outbox.claim(connection, self._worker, room, config.lease_s, config.breaks_after)
        if claimed:
            stored = {one.id: one for one in await registry.receivers(connection)}
            for receiver_id in {one.receiver_id for one in claimed} & stored.keys():
                self._open(stored[receiver_id])
            claimed = [one for one in claimed if one.receiver_id in stored]  # the others were removed just now
        return claimed

    def _open(self, stored: registry.Stored) -> None:
        known = self._known.get(stored.id)
        if known is None or known[0] != stored.changed:
            self._known[stored.id] = (stored.changed, stored.name, self._opened(stored))

    def _opened(self, stored: registry.Stored) -> AnyReceiver | str:
        try:
            return stored.opened(self._vault)
        except (VaultError, ValidationError) as error:
            log.error("receiver_not_usable", receiver=stored.name, detail=str(error))
            return f"the receiver cannot be used: {error}"

    async def _tell(self, claimed: Claimed) -> None:
        _, name, receiver = self._known[claimed.receiver_id]
        at, began = datetime.now(UTC), time.perf_counter()
        if isinstance(receiver, str):
            outcome = Outcome("again", receiver)
        else:
            outcome = await self._sender.send(receiver, claimed.message)
        seconds = time.perf_counter() - began
        self._metrics.deliveries.labels(name, outcome.verdict).inc()
        self._metrics.latency.labels(name).observe(seconds)
        gone = isinstance(receiver, Webhook) and outcome.status == GONE
        self._done.append(replace(self._finished(claimed, outcome, at, seconds), gone=gone))
        self._say(name, claimed, outcome, seconds)
        if gone:
            log.error(
                "receiver_gone", receiver=name, remedy="it answers 410 and is disabled: store it again, or remove it"
            )
        self._wake.set()

    def _finished(self, claimed: Claimed, outcome: Outcome, at: datetime, seconds: float) -> Finished:
        rest = None
        if outcome.verdict == "again":
            rest = pause(claimed.attempt, self._config.retry_s, random.random(), outcome.wait_s)
        state = "sent" if outcome.verdict == "sent" else "dead" if rest is None else "waiting"
        return Finished(
            claimed, state, outcome.verdict, at, seconds * 1e3, rest or 0.0, outcome.status, outcome.request,
            outcome.response, outcome.fault, ill=outcome.verdict == "again",
        )  # fmt: skip

    def _say(self, name: str, claimed: Claimed, outcome: Outcome, seconds: float) -> None:
        told: dict[str, Any] = {"receiver": name, "message": claimed.message.id, "attempt": claimed.attempt}
        told |= {"ms": round(seconds * 1e3, 1)}
        if outcome.verdict == "sent":
            log.info("delivered", **told)
        else:
            log.warning("not_delivered", verdict=outcome.verdict, fault=outcome.fault, **told)

    async def _forget(self, connection: outbox.Connection) -> None:
        if time.monotonic() >= self._forget_at:
            self._forget_at = time.monotonic() + FORGET_S
            await outbox.forget(connection)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[outbox.Connection]:
    connection: AsyncConnection[tuple[Any, ...]] = await AsyncConnection.connect(
        url, autocommit=True, connect_timeout=5, client_encoding="utf8", application_name="esi-alerts"
    )
    try:
        await connection.execute("SET synchronous_commit TO on")
        yield connection
    finally:
        await connection.close()
