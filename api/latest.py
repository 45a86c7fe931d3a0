"""`latest` from memory: what the feed's reader knows already, encoded once per reading, compressed once per coding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from redis.asyncio import Redis
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api import answers, streams
from api.compression import compressed, negotiated
from api.frames import Channel
from api.hub import Hub
from api.problems import away, unknown_market
from api.streams import AWAY, Entry
from schemas.reading import Reading

ROUTE: Final = "/v1/markets/{market}/latest"
_BEFORE, _BEHIND = ROUTE.split("{market}")


@dataclass(frozen=True)
class Answer:
    """One state of a market as answer.

    Attributes:
        version: of the channel that it was made from.
        tag: entity tag without quotes: the state's ids.
        bodies: JSON by coding, the empty one being as it is.
    """

    version: int
    tag: str
    bodies: dict[str, bytes] = field(default_factory=dict)

    def body(self, coding: str) -> bytes:
        """The answer in a coding; made once."""
        if coding not in self.bodies:
            self.bodies[coding] = compressed(self.bodies[""], coding)
        return self.bodies[coding]

    def etag(self, coding: str) -> str:
        """The entity tag of one coding (RFC 9110, section 8.8.3: other bytes, another tag)."""
        return f'"{self.tag}{"-" if coding else ""}{coding}"'

    def is_known(self, if_none_match: str) -> bool:
        """Whether a client that sends these tags has this state already."""
        if if_none_match.strip() == "*":
            return True
        given = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
        return not given.isdisjoint(self.etag(coding) for coding in ("", "gzip", "zstd"))


class LatestAnswers:
    """The newest state of every market that somebody asked for lately.

    Args:
        hub: follows the streams.
        commands: client of Redis, for markets that the hub does not follow yet.
    """

    def __init__(self, hub: Hub, commands: Redis) -> None:
        self._hub, self._commands = hub, commands
        self._answers: WeakKeyDictionary[Channel, Answer] = WeakKeyDictionary()

    def at_hand(self, market: str) -> Answer | None:
        """The answer if it needs no Redis; None if the market is not followed, or cannot be trusted now."""
        channel = self._hub.followed(market)
        return None if channel is None else self._of(channel)

    async def ask(self, market: str) -> Answer:
        """The answer, from now on from memory.

        Raises:
            Problem: no flow publishes the market, or Redis is away.
        """
        try:
            if not self._hub.knows(market) and not await streams.is_market(self._commands, market):
                raise unknown_market(market)
            channel = await self._hub.open(market, "readings")
            channel.users -= 1  # it lingers without us
        except AWAY as error:
            raise away("Redis") from error
        if not self._hub.trusted:
            raise away("Redis")
        return self._of(channel)

    def _of(self, channel: Channel) -> Answer:
        found = self._answers.get(channel)
        if found is None or found.version != channel.version:
            found = self._answers[channel] = _encoded(channel)
        return found


def _encoded(channel: Channel) -> Answer:
    newest, final = channel.newest, channel.final
    latest = answers.Latest(
        channel.market,
        channel.epoch,
        None if newest is None else str(newest.id),
        None if newest is None else newest.sent_ns,
        _raw(newest),
        None if final is None else str(final.id),
        _raw(final),
    )
    tag = f"{channel.epoch}.{latest.id}.{latest.final_id}"
    return Answer(channel.version, tag, {"": answers.encode(latest)})


def _raw(entry: Entry | None) -> Reading | None:
    return None if entry is None else answers.raw(Reading, entry.data)


class Shortcut:
    """ASGI middleware: what `latest` has at hand is answered at once, all else by the app behind it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes on."""
        answer = _at_hand(scope)
        if answer is None:
            await self._app(scope, receive, send)
            return
        scope["esi.route"] = ROUTE
        status, headers, body = reply(answer, Headers(scope=scope))
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


def _at_hand(scope: Scope) -> Answer | None:
    path: str = scope.get("path", "")
    if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"] or not path.endswith(_BEHIND):
        return None
    if scope.get("query_string"):  # as it was known at some time
        return None
    latest: LatestAnswers | None = getattr(scope["app"].state, "latest", None)
    market = path.removeprefix(_BEFORE).removesuffix(_BEHIND)
    return None if latest is None or "/" in market else latest.at_hand(market)


def reply(answer: Answer, asked: Headers) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body: 304 without a body for whoever has this state."""
    coding = negotiated(asked.get("accept-encoding", ""))
    headers = {"etag": answer.etag(coding), "cache-control": "no-cache", "vary": "accept-encoding"}
    if answer.is_known(asked.get("if-none-match", "")):
        return 304, headers, b""
    body = answer.body(coding)
    headers |= {"content-type": "application/json", "content-length": str(len(body))}
    if coding:
        headers["content-encoding"] = coding
    return 200, headers, body
