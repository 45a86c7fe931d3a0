"""An API with everything behind it, for as long as it is fuzzed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import redis

from api.archive.schema import migrate
from api.config import ApiConfig
from api.identity.scopes import SCOPES
from tests import servers
from tests.api.alerting.conftest import KEY, LOOPBACK
from tests.api.alerting.live import Live, now_us
from tests.api.conftest import serving
from tests.api.identity.people import make_key


@dataclass(frozen=True)
class Served:
    """Its address, its OpenAPI document, and the headers by which it lets everything be tried."""

    url: str
    document: dict[str, Any]
    headers: dict[str, str]


@contextmanager
def serving_everything() -> Iterator[Served]:
    """It, on servers of its own."""
    store, base = servers.Redis(), servers.Postgres()
    try:
        store.start()
        base.start()
        with base.database(servers.unique("fuzz")) as url:
            migrate(url)
            with serving_live(store.url, url) as found:
                yield found
    finally:
        store.close()
        base.close()


@contextmanager
def serving_live(redis_url: str, postgres_url: str) -> Iterator[Served]:
    """The same on a Redis and a PostgreSQL that are there; the market `live` has scores and a short past."""
    client = redis.Redis.from_url(redis_url)
    market = Live(client, scores=True)
    for n in range(5):
        market.give(40.0 + n, now_us() - (5 - n) * 60_000_000, final=True)
    key = make_key(postgres_url, *SCOPES)
    # without a quota: 429 to nearly all that is tried would try nothing
    config = ApiConfig(redis_url, postgres_url, port=0, alert_keys=(KEY,), alert_allow=LOOPBACK, quota=0)
    with serving(config) as served:
        yield Served(
            served.url, httpx.get(f"{served.url}/openapi.json", timeout=30).json(), {"authorization": f"Bearer {key}"}
        )
    client.close()
