"""Smaller answers for whoever can read them: Zstandard or gzip, by negotiation (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import zlib
from functools import lru_cache, partial
from typing import Any, Final, Protocol

import pyarrow as pa
from anyio.to_thread import run_sync
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CODINGS: Final = ("zstd", "gzip")
"""What there is, the better one first."""

SMALLEST: Final = 1_024
IN_THREAD: Final = 65_536
"""Bytes from which on the sockets must not wait for it."""

_LEVEL: Final = 5
_KINDS: Final = ("text/", "application/json", "application/problem+json", "application/vnd.apache.arrow", "image/svg")
_GZIP: Final = 31
"""`wbits` of zlib for the largest window in gzip's format."""


@lru_cache(maxsize=256)  # clients are many, kinds of clients are few
def negotiated(accept: str) -> str:
    """The coding that a client likes best of those there are, empty for none."""
    liked = {}
    for part in accept.lower().split(","):
        name, _, weight = part.strip().partition(";")
        liked[name.strip()] = _weight(weight)
    best = max(CODINGS, key=lambda coding: liked.get(coding, liked.get("*", 0.0)))
    return best if liked.get(best, liked.get("*", 0.0)) > 0 else ""


def _weight(text: str) -> float:
    name, found, value = text.partition("=")
    if not found or name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def compressed(body: bytes, coding: str) -> bytes:
    """A whole body in a coding."""
    compressor = compressor_of(coding)
    return compressor.add(body) + compressor.finish()


class Compressor(Protocol):
    """Makes one body smaller, piece by piece."""

    def add(self, piece: bytes) -> bytes:
        """Takes a piece; gives what is ready."""

    def finish(self) -> bytes:
        """Gives the rest."""


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)

    def add(self, piece: bytes) -> bytes:
        return self._stream.compress(piece)

    def finish(self) -> bytes:
        return self._stream.flush()


class Sink:
    """A file of which only what is new is kept."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: Any) -> int:
        """Takes a piece."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing more comes."""
        self.closed = True

    def take(self) -> bytes:
        """What has come since it was last asked."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


class _Zstandard:
    def __init__(self) -> None:
        self._sink = Sink()
        self._stream = pa.CompressedOutputStream(pa.PythonFile(self._sink, "w"), "zstd")

    def add(self, piece: bytes) -> bytes:
        self._stream.write(piece)
        return self._sink.take()

    def finish(self) -> bytes:
        self._stream.close()
        return self._sink.take()


def compressor_of(coding: str) -> Compressor:
    """A fresh compressor."""
    return _Zstandard() if coding == "zstd" else _Gzip()


class Compress:
    """ASGI middleware: compresses what is large enough, of a kind that shrinks, and not compressed yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the app answer through a compressor, if the client reads what one makes."""
        coding = negotiated(Headers(scope=scope).get("accept-encoding", "")) if scope["type"] == "http" else ""
        if coding:
            send = _Answer(send, coding).send
        await self._app(scope, receive, send)


class _Answer:
    """One answer on its way out."""

    def __init__(self, send: Send, coding: str) -> None:
        self._send, self._coding = send, coding
        self._compressor: Compressor | None = None

    async def send(self, message: Message) -> None:
        """As ASGI has it."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if _shrinks(message["status"], headers):
                self._compressor = compressor_of(self._coding)
                _announce(headers, self._coding)
        elif message["type"] == "http.response.body" and self._compressor is not None:
            message = {**message, "body": await self._made(self._compressor, message)}
        await self._send(message)

    async def _made(self, compressor: Compressor, message: Message) -> bytes:
        body: bytes = message.get("body", b"")
        make = partial(_piece, compressor, body, not message.get("more_body", False))
        return await run_sync(make) if len(body) > IN_THREAD else make()


def _piece(compressor: Compressor, body: bytes, is_last: bool) -> bytes:
    return compressor.add(body) + (compressor.finish() if is_last else b"")


def _shrinks(status: int, headers: MutableHeaders) -> bool:
    if status in (204, 206, 304) or "content-encoding" in headers:
        return False
    large = int(headers.get("content-length", SMALLEST)) >= SMALLEST
    return large and headers.get("content-type", "").startswith(_KINDS)


def _announce(headers: MutableHeaders, coding: str) -> None:
    headers["content-encoding"] = coding
    headers.add_vary_header("accept-encoding")
    del headers["content-length"]
    if (tag := headers.get("etag", "")) and not tag.startswith("W/"):
        headers["etag"] = f"W/{tag}"  # other bytes, but the same content
