"""TLS by configuration: login, REST and the feed by HTTPS and WSS."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from api.config import ApiConfig
from tests.api.alerting.endpoint import Certificates
from tests.api.conftest import archive_tables, archive_url, config, publisher, serving
from tests.api.identity.people import PASSWORD, make_key, make_user
from tests.api.publisher import Publisher

__all__ = ["archive_tables", "archive_url", "config", "publisher"]


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


async def test_everything_by_tls(
    config: ApiConfig, archive_url: str, publisher: Publisher, certificates: Certificates
) -> None:
    publisher.readings([1])
    await asyncio.to_thread(make_user, archive_url, "ann", "viewer")
    key = await asyncio.to_thread(make_key, archive_url, "index:read")
    trusted = ssl.create_default_context(cafile=certificates.authority)
    with serving(replace(config, tls_certificate=certificates.chain, tls_key=certificates.chain)) as served:
        url = served.url.replace("http:", "https:")
        async with httpx.AsyncClient(base_url=url, verify=trusted, timeout=20) as client:
            assert (await client.get("/v1/session")).status_code == 401, "nobody is local by TLS"
            said = await client.post("/v1/session", json={"name": "ann", "password": PASSWORD})
            assert said.headers["set-cookie"].startswith("__Host-esi_session=")
            assert said.headers["strict-transport-security"] == "max-age=31536000"
            assert (await client.get("/v1/markets/test/latest")).status_code == 200
        feed = f"{served.feed.replace('ws:', 'wss:')}?market=test&since=0"
        async with connect(feed, ssl=trusted) as socket:
            await socket.send(json.dumps({"type": "auth", "token": key}))
            async with asyncio.timeout(10):
                assert json.loads(await socket.recv())["type"] != "error"
        with pytest.raises(httpx.HTTPError):
            await asyncio.to_thread(httpx.get, served.url + "/healthz")
