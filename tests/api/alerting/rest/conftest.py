"""A served api with a market, a key for secrets, and emptied tables of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest
import redis

from api.config import ApiConfig
from api.identity.scopes import SCOPES
from tests.api.alerting.conftest import KEY, LOOPBACK
from tests.api.alerting.live import Live
from tests.api.conftest import Served, archive_tables, archive_url, config, serving
from tests.api.identity.people import make_key

__all__ = ["archive_tables", "archive_url", "config"]


class Desk:
    """A client of `/v1/alerts`."""

    def __init__(self, served: Served, url: str) -> None:
        self.served, self.url = served, url
        self.key = make_key(url, *SCOPES)

    def ask(self, method: str, path: str, status: int = 200, **said: Any) -> Any:
        """A request whose answer has this status; gives the body."""
        said["headers"] = {"authorization": f"Bearer {self.key}"} | said.get("headers", {})
        answer = httpx.request(method, f"{self.served.url}/v1/alerts{path}", timeout=30, **said)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def desk(config: ApiConfig, clean_redis: redis.Redis) -> Iterator[Desk]:
    assert config.postgres_url is not None
    Live(clean_redis)
    with psycopg.connect(config.postgres_url) as connection:
        connection.execute("TRUNCATE alert_rules, alerts, alert_events, alert_silences, alert_receivers CASCADE")
    with serving(replace(config, alert_keys=(KEY,), alert_allow=LOOPBACK)) as served:
        yield Desk(served, config.postgres_url)
