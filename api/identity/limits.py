"""How many requests somebody may make: GCRA in Redis, over all processes; in this process alone while Redis is away.

GCRA: ITU-T I.371 (the virtual scheduling algorithm). One number is kept for each identity: when, at the steady rate,
what was asked so far will have been served ("theoretical arrival time").
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.config import ApiConfig
from api.identity.memory import Memory
from api.identity.scopes import Identity
from api.identity.secrets import digest
from api.problems import Problem, problem_response
from api.streams import AWAY

WINDOW: Final = 60.0
WITHIN: Final = 0.1
"""Seconds that Redis may take; who waits longer for a limit waits for nothing."""

REST: Final = 1.0
"""Seconds for which a Redis that failed is not asked."""

_SCRIPT: Final = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local period, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + period
if due - now > window then
  return {0, tostring(due - now - window), '0'}
end
redis.call('SET', KEYS[1], string.format('%.6f', due), 'PX', math.ceil((due - now) * 1000))
return {1, '0', tostring((window - (due - now)) / period)}
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may be made, in how many seconds otherwise, and how many may follow at once."""

    allowed: bool
    wait: float
    remaining: int


def judged(due: float, now: float, quota: int) -> tuple[Verdict, float]:
    """The same as the script in Redis: a verdict, and the new theoretical arrival time."""
    period = WINDOW / quota
    following = max(due, now) + period
    if following - now > WINDOW + 1e-9:
        return Verdict(allowed=False, wait=following - now - WINDOW, remaining=0), due
    return Verdict(allowed=True, wait=0.0, remaining=int((WINDOW - (following - now)) / period + 1e-6)), following


class Limiter:
    """Counts for one process; `quota` requests a minute for each key.

    Args:
        commands: client of Redis.
        quota: requests in WINDOW seconds.
    """

    def __init__(self, commands: Redis, quota: int) -> None:
        self._script = commands.register_script(_SCRIPT)
        self.quota = quota
        self._own: Memory[float] = Memory(100_000)
        self._rests_until = 0.0

    async def ask(self, key: str) -> Verdict:
        """Counts one request of a key."""
        if time.monotonic() >= self._rests_until:
            try:
                async with asyncio.timeout(WITHIN):
                    found: Any = await self._script(
                        [f"esi-limit:{digest(key).hex()[:32]}"], [WINDOW / self.quota, WINDOW]
                    )
                return Verdict(bool(found[0]), float(found[1]), int(float(found[2]) + 1e-6))
            except AWAY:
                self._rests_until = time.monotonic() + REST
        return self._alone(key)

    def _alone(self, key: str) -> Verdict:
        now, name = time.time(), key.encode()
        verdict, due = judged(self._own.get(name, now) or now, now, self.quota)
        self._own.put(name, due, due)
        return verdict


class Limits:
    """ASGI middleware: refuses with 429 who asks too much, and says by headers how much is left.

    Headers: draft-ietf-httpapi-ratelimit-headers-10. What `latest` answers from memory passes before it, and this
    machine's own session is not counted.
    """

    def __init__(self, app: ASGIApp, config: ApiConfig) -> None:
        self._app, self._config = app, config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 429."""
        limiter: Limiter | None = getattr(scope["app"].state, "limiter", None) if scope["type"] == "http" else None
        who = _key(scope) if limiter is not None else None
        if limiter is None or who is None:
            await self._app(scope, receive, send)
            return
        verdict = await limiter.ask(who)
        policy = f'"default";q={limiter.quota};w={WINDOW:.0f}'
        left = f'"default";r={verdict.remaining};t={int(verdict.wait) + 1}'

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["ratelimit-policy"], headers["ratelimit"] = policy, left
            await send(message)

        if verdict.allowed:
            await self._app(scope, receive, marked)
            return
        wait = int(verdict.wait) + 1
        detail = f"At most {limiter.quota} requests a minute: try again in {wait} s."
        problem = Problem(429, "Too many requests", detail, {"retry-after": str(wait)})
        await problem_response(scope, problem)(scope, receive, marked)


def _key(scope: Scope) -> str | None:
    """Whom a request is counted for; None for this machine."""
    identity: Identity | None = scope["state"].get("identity")
    if identity is not None:
        return None if identity.local else identity.id
    client = scope.get("client")
    return f"address:{client[0]}" if client else "address:unknown"
