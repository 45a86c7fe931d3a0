"""The app as a whole: the page and its headers, methods, faults."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from api.app import create_app
from api.config import ApiConfig
from api.identity.gate import INDEX
from tests import servers
from tests.api.conftest import Served, serving
from tests.api.publisher import Publisher


def test_the_built_page_is_served(config: ApiConfig, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>ESI</title>")
    (tmp_path / "assets" / "main-abc.js").write_text("export {};")
    with serving(replace(config, static=tmp_path)) as served:
        page = served.get("/")
        assert "<title>ESI</title>" in page.text
        assert page.headers["cache-control"] == "no-cache"
        assert "script-src 'self'" in page.headers["content-security-policy"]
        asset = served.get("/assets/main-abc.js")
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-type"].startswith("text/javascript")
        for path in ("/../config.py", "/%2e%2e/config.py", "/assets/nothing.js"):
            assert served.get(path).status_code == 404
        assert served.get("/v1/markets").json() == {"markets": []}
        lost = httpx.put(f"{served.url}/v1/nothing/here")
        assert (lost.status_code, lost.headers["content-type"]) == (404, "application/problem+json")


async def test_a_socket_elsewhere_is_refused(config: ApiConfig, tmp_path: Path) -> None:
    for static in (tmp_path, tmp_path / "not built"):
        with serving(replace(config, static=static)) as served:
            with pytest.raises(InvalidStatus) as refused:
                await connect(served.feed.replace("feed", "food"))
            assert refused.value.response.status_code in (403, 404)


def test_without_a_page_the_api_serves_on(config: ApiConfig, tmp_path: Path) -> None:
    with serving(replace(config, static=tmp_path / "not built")) as served:
        missing = served.get("/")
        assert (missing.status_code, missing.json()["title"]) == (404, "Not Found")
        assert served.get("/healthz").json() == {"status": "ok"}


def test_only_reading_is_offered(served: Served) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = httpx.request(method, served.url + "/v1/markets")
        assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")
    httpx.request("PROPFIND", served.url + "/v1/markets")
    assert served.metric("esi_api_http_requests_total", method="other") == 1


async def test_a_fault_is_a_problem_that_says_nothing_of_the_inside(clean_redis: redis.Redis) -> None:
    assert clean_redis
    app: FastAPI = create_app(ApiConfig("redis://127.0.0.1:1/0"))

    @app.get("/fault", openapi_extra=INDEX)
    async def fault() -> None:
        raise RuntimeError("the secret")

    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/fault")
    assert (answer.status_code, answer.json()["title"]) == (500, "Internal error")
    assert answer.json()["request_id"]
    assert "secret" not in answer.text


async def test_work_that_faults_is_told_and_begins_again(
    config: ApiConfig, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api import app as module
    from api.audience import Audience

    monkeypatch.setattr(module, "AFTER_A_FAULT", 0.05)
    offer, faults = Audience.offer, [RuntimeError("once")]

    async def fail_once(self: Audience, frames: Any, now: float) -> int:
        if frames and faults:
            raise faults.pop()
        return await offer(self, frames, now)

    monkeypatch.setattr(Audience, "offer", fail_once)
    with serving(config) as served:
        async with connect(f"{served.feed}?market=test") as client:
            await client.recv()
            publisher.readings([1])
            servers.wait_until(lambda: not faults)
            published = publisher.readings([2])
            async with asyncio.timeout(10):
                while published[0] not in str(await client.recv()):
                    pass
