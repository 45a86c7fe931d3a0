"""Tells one message to one receiver, by HTTP or SMTP: guarded addresses, bounded time, bounded answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Self

import aiohttp

from api.alerting.config import AlertsConfig
from api.alerting.guard import Guard, GuardedResolver, RefusedError
from api.alerting.messages import Message
from api.alerting.receivers import AnyReceiver
from api.alerting.receivers.base import Answer, Call, HttpReceiver, Outcome, clipped
from api.alerting.receivers.mail import Mail, Post
from api.alerting.templates import TemplateError
from api.alerting.veil import veiled

MOST: Final = 65_536
"""Bytes of an answer that are read."""

POSTS: Final = 8
"""Mails that are handed over at once."""

Charts = Callable[[str], Awaitable[bytes | None]]
"""Gives the picture of a market's index, or None."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a sender works with: two sessions, one for TLS and one for plain HTTP to addresses that are allowed."""

    guard: Guard
    context: ssl.SSLContext
    secure: aiohttp.ClientSession
    plain: aiohttp.ClientSession


class Sender:
    """Sends messages; use it with `async with`."""

    def __init__(self, config: AlertsConfig, charts: Charts) -> None:
        self._config, self._charts = config, charts
        self._threads = ThreadPoolExecutor(POSTS, "mail")

    async def __aenter__(self) -> Self:
        guard, context = Guard(self._config.allow), ssl.create_default_context(cafile=self._config.ca_file)
        secure, plain = (self._session(guard, context, plain=plain) for plain in (False, True))
        self._tools = Tools(guard, context, secure, plain)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tools.secure.close()
        await self._tools.plain.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _session(self, guard: Guard, context: ssl.SSLContext, *, plain: bool) -> aiohttp.ClientSession:
        resolver = GuardedResolver(guard, plain=plain)
        limit = self._config.at_once
        connector = aiohttp.TCPConnector(
            resolver=resolver,
            use_dns_cache=False,
            ssl=context,
            limit=limit,
            socket_factory=lambda info: guard.open_socket(info, plain=plain),
        )
        timeout = aiohttp.ClientTimeout(total=self._config.timeout_s, connect=min(5.0, self._config.timeout_s))
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": "esi-alerts"},
        )

    async def send(self, receiver: AnyReceiver, message: Message) -> Outcome:
        """One attempt; every fault is an outcome, and none shows a secret."""
        return veiled(await self._outcome(receiver, message), receiver)

    async def _outcome(self, receiver: AnyReceiver, message: Message) -> Outcome:
        try:
            if isinstance(receiver, Mail):
                return await self._mail(receiver, message)
            return await self._calls(receiver, message)
        except TemplateError as error:
            return Outcome("never", f"template: {error}")
        except RefusedError as error:
            return Outcome("never", str(error))
        except TimeoutError:
            return Outcome("again", f"no answer within {self._config.timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _fault(error)

    async def call(self, call: Call) -> Answer:
        """One request; redirects are not followed.

        Raises:
            RefusedError: the address may not be called.
            aiohttp.ClientError, OSError, TimeoutError: nobody answers as HTTP wants it.
        """
        self._tools.guard.check_url(call.url)
        session = self._tools.plain if call.url.startswith("http:") else self._tools.secure
        async with session.request(
            call.method, call.url, data=call.body, headers=call.headers, allow_redirects=False
        ) as response:
            body = await _beginning(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, body)

    async def _calls(self, receiver: HttpReceiver, message: Message) -> Outcome:
        outcome = Outcome("sent", response="nothing to tell")
        for call in receiver.calls(message, datetime.now(UTC)):
            outcome = receiver.judge(await self.call(call))
            outcome = replace(outcome, request=f"{call.method} {call.shown} ({len(call.body)} bytes)")
            if outcome.verdict != "sent":
                break
        return outcome

    async def _mail(self, receiver: Mail, message: Message) -> Outcome:
        async with asyncio.timeout(2 * self._config.timeout_s):
            addresses = await self._tools.guard.resolve(receiver.host, receiver.port, plain=receiver.tls == "none")
            chart = await self._charts(message.body.market)
        mail = receiver.written(message, datetime.now(UTC), chart)
        post = Post(receiver, addresses[0], self._tools.context, self._config.timeout_s)
        work = asyncio.get_running_loop().run_in_executor(self._threads, post.deliver, mail)
        try:
            async with asyncio.timeout(2 * self._config.timeout_s):
                outcome = await asyncio.shield(work)
        finally:
            if not work.done():
                post.abort()
                work.add_done_callback(lambda done: done.cancelled() or done.exception())
        return replace(outcome, request=f"mail to {', '.join(receiver.to)} via {receiver.host}:{receiver.port}")


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The first bytes of an answer; the connection is given up if there are more."""
    found = bytearray()
    with suppress(aiohttp.ClientPayloadError, TimeoutError):  # the status stands, whatever became of the body
        while len(found) < MOST and (part := await response.content.read(MOST - len(found))):
            found += part
    if len(found) >= MOST:
        response.close()
    return bytes(found)


def _fault(error: Exception) -> Outcome:
    refused = next((e for e in (error, error.__cause__, getattr(error, "os_error", None)) if _is_refused(e)), None)
    if refused is not None:
        return Outcome("never", str(refused))
    if isinstance(error, aiohttp.InvalidURL):
        return Outcome("never", f"no address: {clipped(str(error), 200)}")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Outcome("again", f"its certificate is not trusted: {clipped(str(error.certificate_error), 200)}")
    return Outcome("again", clipped(f"{type(error).__name__}: {error}", 300))


def _is_refused(error: BaseException | None) -> bool:
    return isinstance(error, RefusedError)
