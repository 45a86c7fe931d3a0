"""Requests to a served API, more or less as its OpenAPI document says them. No answer may be a fault of the server."""

from __future__ import annotations

import http.client
import json
import random
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from tests.fuzz.rules import rule, value
from tests.fuzz.served import Served
from tests.fuzz.texts import text

ODD: Final = (
    "", "0", "-1", "1e400", "null", "true", "us", "live", "live~r1", "..", "\0", "a\0b",
    "a" * 300, "\U0001f525", "\x7f",
    "2024-02-30", "0001-01-01", "9999-12-31T23:59:59Z", "2024-05-01T12:00:00", "json", "parquet", "5m", "999999999999d",
    "00000000-0000-0000-0000-000000000000", "2024-05-01T12:00:00+00:00|x", "|", "'; DROP TABLE alerts; --", "\\ud800",
)  # fmt: skip
PARAMETERS: Final = (
    "market", "from", "to", "limit", "cursor", "every", "format", "final", "state", "author", "as_known_at",
)  # fmt: skip
HEADERS: Final = ("origin", "accept", "if-none-match", "accept-encoding", "range", "x-csrf-token", "x-request-id")
HEADS: Final = (
    b"GET / HTTP/1.1\r\n",
    b"POST /v1/alerts/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000\r\n\r\n{",
    b"GET  / HTTP/9\r\n\r\n",
    b"\x16\x03\x01",
)
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
TIMEOUT_S: Final = 30

Tell = Callable[[int, "Counter[str]"], None]


class Client:
    """One kept connection; a server that closes it gets a new one."""

    def __init__(self, host: str, port: int, headers: dict[str, str]) -> None:
        self._place, self._headers = (host, port), headers
        self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> int:
        """The status of the answer; 0 where the server closed without one."""
        try:
            self._connection.request(method, path, body, self._headers | headers)
            answer = self._connection.getresponse()
            answer.read()
        except (http.client.HTTPException, ConnectionError):
            self._connection.close()
            return 0
        return answer.status

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def raw(self, said: bytes) -> int:
        """The status of the answer to bytes that may be no HTTP at all."""
        with socket.create_connection(self._place, timeout=2) as connection:
            try:
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
                head = connection.recv(64)
            except (TimeoutError, ConnectionError):
                return 0
        return int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0


def run(seed: int, count: int, served: Served, tell: Tell) -> Counter[str]:
    """Asks so many times; gives how often each status came.

    Raises:
        AssertionError: the server answered 500 or more; the message is the request.
    """
    host, _, port = served.url.removeprefix("http://").partition(":")
    chance, client, statuses = random.Random(seed), Client(host, int(port), served.headers), Counter[str]()
    operations = [(path, method.upper()) for path, methods in served.document["paths"].items() for method in methods]
    for n in range(count):
        said: Any = noise(chance) if chance.random() < 0.03 else request(chance, operations)
        status = client.raw(said) if isinstance(said, bytes) else client.ask(*said)
        assert status < 500, f"seed {seed}, number {n}: {status} for {said!r}"
        statuses[str(status)] += 1
        if n % 5_000 == 4_999:
            tell(n + 1, statuses)
    client.close()
    return statuses


def request(chance: random.Random, operations: list[tuple[str, str]]) -> tuple[str, str, bytes | None, dict[str, str]]:
    """A request: an operation with odd values in its path and query, and a body."""
    path, method = chance.choice(operations)
    if chance.random() < 0.1:
        method = chance.choice(METHODS)
    filled = "/".join(quote(chance.choice(ODD), safe="") if part[:1] == "{" else part for part in path.split("/"))
    names = chance.sample(PARAMETERS, chance.randrange(4))
    query = "&".join(f"{name}={quote(chance.choice(ODD))}" for name in names)
    body = None if method in {"GET", "HEAD"} and chance.random() < 0.9 else payload(chance)
    form = "application/json" if chance.random() < 0.9 else chance.choice(("", "a/b", "text/plain"))
    headers = {"content-type": form}
    if chance.random() < 0.1:
        headers[chance.choice(HEADERS)] = chance.choice(("*", "null", "q=1;;,", "W/x", "bytes=0-", "x" * 500))
    return method, f"{filled}?{query}" if query else filled, body, headers


def payload(chance: random.Random) -> bytes:
    """A body: pieces of what is asked for, damaged now and then; or noise, or depth."""
    kind = chance.random()
    if kind < 0.1:
        return bytes(chance.randrange(256) for _ in range(chance.randrange(80)))
    if kind < 0.15:
        return b"[" * chance.randrange(1, 30_000)
    said = pieces(chance)
    kept = dict(chance.sample(list(said.items()), chance.randrange(1, len(said))))
    raw = json.dumps(kept).encode(errors="surrogatepass")
    return raw if kind < 0.9 else raw[: chance.randrange(len(raw))]


def pieces(chance: random.Random) -> dict[str, Any]:
    """What bodies are made of: rules, silences, receivers, acknowledgements, templates."""
    settings = {name: value(chance, name) for name in ("url", "keys", "host", "to", "severity")}
    return {
        "market": chance.choice(("live", "us", "live~r1", "", None)),
        "author": chance.choice(("ann", "", "x" * 90, 5)),
        "rule": rule(chance),
        "note": text(chance),
        "reason": text(chance),
        "lasting": chance.choice(("1h", "0s", "400d", -1, None)),
        "settings": settings | {"kind": chance.choice(("webhook", "mail", "slack", "x", None))},
        "enabled": chance.choice((True, False, "maybe")),
        "template": chance.choice(("{{ alerts }}", "{% for a in alerts %}{% endfor %}", "{{ 9**9**9 }}", text(chance))),
        "ids": chance.choice((None, [], ["x"], [text(chance)])),
        "from": chance.choice(ODD),
        "begins_at": chance.choice(ODD),
    }


def noise(chance: random.Random) -> bytes:
    """Bytes that are hardly HTTP."""
    return chance.choice(HEADS) + bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
