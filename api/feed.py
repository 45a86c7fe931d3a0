"""`/v1/feed`: one socket, any number of channels, from the present or from where the client was."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import parse_qs

import structlog
from redis.asyncio import Redis
from starlette.websockets import WebSocket, WebSocketDisconnect

from api import streams
from api.client import TOO_SLOW, Client, TooSlowError
from api.config import ApiConfig
from api.frames import Channel, message
from api.hub import Hub
from api.metrics import Metrics
from api.problems import Problem
from api.security import refuse_socket
from api.streams import AWAY, Id
from api.wire import Wire, wire_of
from schemas.names import CHANNELS

MAX_SUBSCRIPTIONS = 64
MAX_MESSAGES = 60
POLICY = 1008
TRY_LATER = 1013

log = structlog.get_logger("esi.api.feed")


class RefusedError(Exception):
    """The socket is told why, and closed.

    Attributes:
        title: what is wrong.
        detail: what to do about it.
        code: close code.
    """

    def __init__(self, title: str, detail: str, code: int = POLICY) -> None:
        super().__init__(detail)
        self.title, self.detail, self.code = title, detail, code


@dataclass(frozen=True)
class Wish:
    """One subscription: a channel of a market, perhaps from an id (and its epoch) on."""

    market: str
    channel: str
    since: tuple[str | None, Id] | None


def parse_wishes(query: str) -> list[Wish]:
    """What a query asks for: every market with every channel.

    One `since` holds for all of them; as many as there are pairs hold one by one, markets first, empty for none.

    Raises:
        RefusedError: names the parameter.
    """
    given = parse_qs(query, keep_blank_values=True, max_num_fields=4 * MAX_SUBSCRIPTIONS)
    unknown = sorted(given.keys() - {"market", "channel", "since"})
    if unknown:
        raise RefusedError("Unknown parameter", f"{unknown[0][:40]!r}: there are market, channel and since.")
    markets = list(dict.fromkeys(given.get("market", [])))
    channels = list(dict.fromkeys(given.get("channel", ["readings"])))
    pairs = [(market, channel) for market in markets for channel in channels]
    if not pairs:
        raise RefusedError("No market", "Name at least one: /v1/feed?market=us-open")
    if len(pairs) > MAX_SUBSCRIPTIONS:
        raise RefusedError("Too many channels", f"One socket takes {MAX_SUBSCRIPTIONS}, not {len(pairs)}.")
    for channel in channels:
        if channel not in CHANNELS:
            raise RefusedError("Unknown channel", f"{channel[:40]!r}: there are {', '.join(CHANNELS)}.")
    since = given.get("since", [""])
    if len(since) not in (1, len(pairs)):
        raise RefusedError("Bad since", f"Give one since, or one for each of the {len(pairs)} channels.")
    each = since * len(pairs) if len(since) == 1 else since
    return [Wish(*pair, _parse_since(text)) for pair, text in zip(pairs, each, strict=True)]


def _parse_since(text: str) -> tuple[str | None, Id] | None:
    if not text:
        return None
    epoch, _, entry_id = text.rpartition(":")
    try:
        return epoch or None, Id.parse(entry_id)
    except ValueError as error:
        raise RefusedError("Bad since", f"since: {error}") from error


class Feed:
    """The endpoint of every socket of one process."""

    def __init__(self, hub: Hub, config: ApiConfig, metrics: Metrics, commands: Redis) -> None:
        self._hub, self._config, self._metrics, self._commands = hub, config, metrics, commands
        self._clients = 0

    async def serve(self, websocket: WebSocket) -> None:
        """Serves one socket to its end."""
        if self._clients >= self._config.max_clients:
            detail = f"This server takes {self._config.max_clients} sockets."
            problem = Problem(503, "Too many sockets", detail, {"retry-after": "5"})
            await refuse_socket(websocket.scope, websocket.receive, websocket.send, problem)
            return
        self._clients += 1
        self._metrics.clients.inc()
        try:
            await self._accept(websocket)
        except WebSocketDisconnect:
            return
        finally:
            self._clients -= 1
            self._metrics.clients.dec()

    async def _accept(self, websocket: WebSocket) -> None:
        await websocket.accept()
        wire = wire_of(websocket)
        try:
            await self._serve(websocket, wire, parse_wishes(websocket.url.query))
        except RefusedError as refused:
            error = message(type="error", title=refused.title, detail=refused.detail)
            await wire.deliver([error])
            await self._close(wire, refused.code, refused.title)
        except ValueError as fault:  # more fields in the query than anybody needs
            await self._close(wire, POLICY, str(fault)[:100])
        except TooSlowError:
            log.warning("client_too_slow", request_id=websocket.scope.get("state", {}).get("request_id"))
            await self._close(wire, TOO_SLOW, "too slow: come back with since")

    async def _close(self, wire: Wire, code: int, reason: str) -> None:
        self._metrics.closed.labels(str(code)).inc()
        await wire.close(code, reason)

    async def _serve(self, websocket: WebSocket, wire: Wire, wishes: list[Wish]) -> None:
        client = Client(wire, self._config, self._metrics)
        work = [
            asyncio.ensure_future(job)
            for job in (_until_gone(websocket), client.run(), self._attach(client, wishes), client.failed)
        ]
        running = set(work)
        try:
            while True:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for job in done:
                    job.result()  # only attaching ends without an exception
        finally:
            for job in work:
                job.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            for channel in client.channels:
                self._hub.release(channel, client)

    async def _attach(self, client: Client, wishes: list[Wish]) -> None:
        await self._must_exist({wish.market for wish in wishes})
        for wish in wishes:
            channel = await self._open(wish)
            client.channels.append(channel)
            await self._hub.attach(channel, client, wish.since)

    async def _open(self, wish: Wish) -> Channel:
        try:
            return await self._hub.open(wish.market, wish.channel)
        except AWAY as error:
            raise RefusedError("Redis is away", "It is tried again: come back soon.", TRY_LATER) from error

    async def _must_exist(self, markets: set[str]) -> None:
        for market in sorted(markets):
            if self._hub.knows(market):
                continue
            try:
                exists = await streams.is_market(self._commands, market)
            except AWAY as error:
                raise RefusedError("Redis is away", "It is tried again: come back soon.", TRY_LATER) from error
            if not exists:
                raise RefusedError("Unknown market", f"No flow publishes {market[:80]!r}. See /v1/markets.")


async def _until_gone(websocket: WebSocket) -> None:
    """Reads what the client sends (nothing is expected), because the server reads pongs only while somebody does.

    Raises:
        WebSocketDisconnect: it is gone.
        RefusedError: it talks too much.
    """
    begin, count = time.monotonic(), 0
    while True:
        event = await websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        if time.monotonic() - begin > 60:
            begin, count = time.monotonic(), 0
        count += 1
        if count > MAX_MESSAGES:
            raise RefusedError("Too many messages", "The feed takes no messages: ask by the query of its address.")
