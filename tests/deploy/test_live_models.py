"""How models do live, as plain data; what is not known has a reason."""

from __future__ import annotations

import json
from pathlib import Path

import redis
from pydantic import SecretStr

from deploy.live_models import live
from deploy.settings import Settings
from tests import servers
from tests.deploy.live import publish, publish_duel


def test_rows_and_duel_of_the_last_final(clean_redis: redis.Redis, redis_server: servers.Redis, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, redis_url=SecretStr(redis_server.url))
    assert live(settings, "sim", "lstm") == {"market": "sim", "fault": "sim has no final yet"}
    publish_duel(clean_redis, "sim", 130, 0.5)
    said = live(settings, "sim", "lstm")
    assert [(row["role"], row["version"]) for row in said["rows"]] == [("champion", "1"), ("challenger", "2")]
    assert (said["duel"]["labels"], said["duel"]["champion"]) == (130, "1")
    assert "spoken" not in said["duel"]
    json.dumps(said, allow_nan=False)
    other = live(settings, "sim", "transformer")
    assert (other["rows"], other["duel"]) == ([], None)


def test_a_market_without_models_has_no_rows(
    clean_redis: redis.Redis, redis_server: servers.Redis, tmp_path: Path
) -> None:
    publish(clean_redis, "sim", 1)
    said = live(Settings(data_dir=tmp_path, redis_url=SecretStr(redis_server.url)), "sim", "lstm")
    assert (said["rows"], said["duel"]) == ([], None)


def test_without_redis_it_says_so(own_redis: servers.Redis, tmp_path: Path) -> None:
    assert "ESI_REDIS_URL is not set" in live(Settings(data_dir=tmp_path), "sim", "lstm")["fault"]
    own_redis.kill()
    gone = live(Settings(data_dir=tmp_path, redis_url=SecretStr(own_redis.url)), "sim", "lstm")
    assert gone["fault"].startswith("Redis does not answer")
