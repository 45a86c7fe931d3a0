"""REST `latest` on one process of the api with a login: as many as it takes, by key, by token and by cookie."""

from __future__ import annotations

import os
import urllib.parse
import urllib.request
from typing import Final

import msgspec

from api.alerting.vault import new_key
from api.archive.schema import migrate
from bench.case import Figure, require
from bench.crowd import percentile
from bench.fanout import MARKET, serving
from bench.rest_latest import Asker
from bench.servers import running
from tests import servers
from tests.api.identity.people import Person, make_key, make_user
from tests.api.publisher import Publisher

WORK: Final = (
    "GET /v1/markets/bench/latest on one process of the api (one core), each request with an API key, an ES256 token "
    "or a session's cookie, by one process of raw epoll with 64 connections; every answer whole and 200"
)
SECONDS: Final = 3.0
PROMISED: Final = 3_000


def measure() -> list[Figure]:
    """Answers per second by each kind of login, and their latency at half of what is promised."""
    port, found = servers.free_port(), []
    with running(servers.Redis()) as store, running(servers.Postgres()) as base, store.client() as client:
        Publisher(client, MARKET).readings([0, 1], finals=[0])
        migrate(base.url)
        make_user(base.url, "ann", "admin")
        key = make_key(base.url, "index:read")
        os.environ.setdefault("ESI_ALERTS_KEY", new_key())  # seals the keys that sign tokens
        with serving(store.url, port, 1, "--postgres-url", base.url):
            shown = {"key": f"Authorization: Bearer {key}", "cookie": _cookie(port)}
            shown["nobody"] = ""  # the local session: what a login costs is the difference
            shown["token"] = f"Authorization: Bearer {_token(port, key)}"
            for kind, header in shown.items():
                found += _measured(port, kind, f"{header}\r\n" if header else "")
    return found


def _measured(port: int, kind: str, headers: str) -> list[Figure]:
    warm = Asker(port, headers)
    warm.closed_loop(1.0)
    warm.close()
    asker = Asker(port, headers)
    rate = asker.closed_loop(SECONDS)
    asker.close()
    paced = Asker(port, headers)
    paced.open_loop(PROMISED / 2, SECONDS)
    paced.close()
    p99 = percentile(paced.bins, 0.99)
    name, work = f"rest_latest_auth/{kind}", f"open loop at {PROMISED // 2:,} a second"
    return [
        Figure(f"{name}/rate", (rate,), "requests/s", None if kind == "nobody" else PROMISED, work=WORK),
        Figure(f"{name}/p99", (p99,), "ms", None if kind == "nobody" else 20, higher_is_better=False, work=work),
    ]


def _cookie(port: int) -> str:
    ann = Person(f"http://127.0.0.1:{port}", "ann")
    require(ann.answer.status_code == 200, f"no login: {ann.answer.text}")
    return f"Cookie: {ann.headers['cookie']}"


def _token(port: int, key: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": key.split("_")[1], "client_secret": key}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/token", urllib.parse.urlencode(form).encode())
    with urllib.request.urlopen(asked) as answer:
        return str(msgspec.json.decode(answer.read())["access_token"])
