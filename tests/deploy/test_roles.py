"""Roles of PostgreSQL and users of Redis, applied to real servers: what each may do, and what it may not."""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

import deploy
from api.archive.schema import migrate
from api.config import ApiConfig
from tests import servers
from tests.api.conftest import serving
from tests.api.identity.people import Person, make_user
from tests.api.publisher import Publisher

FOLDER = Path(deploy.__file__).parent
ROLES = ("esi_api", "esi_archive", "esi_alerts")
ALL = [
    "readings",
    "bars",
    "details",
    "positions",
    "refusals",
    "users",
    "user_sessions",
    "api_keys",
    "signing_keys",
    "login_failures",
    "audit_log",
]


@pytest.fixture
def addresses(own_postgres: servers.Postgres) -> dict[str, str]:
    """Address by role, on a server of the test's own, for roles belong to the whole server."""
    migrate(own_postgres.url)
    with psycopg.connect(own_postgres.url, autocommit=True) as owner:
        for _ in range(2):  # it may be run again
            owner.execute((FOLDER / "roles.sql").read_bytes())
        for role in ROLES:
            owner.execute(f"ALTER ROLE {role} LOGIN PASSWORD 'x'".encode())
    return {role: own_postgres.url.replace(f"esi:{own_postgres.password}", f"{role}:x") for role in ROLES} | {
        "owner": own_postgres.url
    }


def may(url: str, query: str) -> bool:
    with psycopg.connect(url) as connection:
        try:
            connection.execute(query.encode())
        except psycopg.errors.InsufficientPrivilege:
            return False
    return True


def test_each_role_keeps_to_its_own(addresses: dict[str, str]) -> None:
    read = {role: {table for table in ALL if may(addresses[role], f"SELECT * FROM {table}")} for role in ROLES}
    assert read["esi_archive"] == {"readings", "bars", "details", "positions", "refusals"}
    assert read["esi_alerts"] == {"readings", "bars", "details", "positions"}
    assert read["esi_api"] == set(ALL)
    changed = {role: {table for table in ALL if may(addresses[role], f"DELETE FROM {table}")} for role in ROLES}
    assert changed["esi_archive"] == set(), "nothing archived is ever removed"
    assert changed["esi_alerts"] == set()
    assert changed["esi_api"] == {"users", "user_sessions", "api_keys", "signing_keys", "login_failures"}
    for role in ("esi_api", "esi_alerts"):
        assert not may(addresses[role], "INSERT INTO readings (market) VALUES ('x')")
        assert not may(addresses[role], "UPDATE readings SET reading = ''")
    assert not may(addresses["esi_api"], "UPDATE audit_log SET who = 'x'")
    assert not may(addresses["esi_api"], "CREATE TABLE mine (x int)")
    assert may(addresses["esi_archive"], "INSERT INTO positions VALUES ('s', 'e', 1, 0)")
    for role in ROLES:
        migrate(addresses[role])  # finds nothing to do, and needs no more


@pytest.fixture
def users_of_redis(own_redis: servers.Redis) -> dict[str, str]:
    """Address by user, on a server of the test's own."""
    password = secrets.token_hex(8)
    found = {}
    with own_redis.client() as owner:
        for line in (FOLDER / "redis.acl").read_text().splitlines():
            if line.startswith("user "):
                name, *rules = line.replace("CHANGE-ME", password).removeprefix("user ").split(" ")
                owner.execute_command("ACL", "SETUSER", name, "reset", *_joined(rules))
                found[name] = own_redis.url.replace(f":{own_redis.password}@", f"{name}:{password}@")
    return found | {"owner": own_redis.url}


def _joined(rules: list[str]) -> list[str]:
    """Selectors in parentheses are one argument each."""
    text = " ".join(rules)
    head, found, selector = text.partition(" (")
    return [*head.split(" "), f"({selector}"] if found else head.split(" ")


def test_only_flows_write_readings(users_of_redis: dict[str, str]) -> None:
    for name, url in users_of_redis.items():
        with redis.Redis.from_url(url) as client:
            for key, field in (("esi:m:readings", "reading"), ("esi:m:alerts", "alert")):
                try:
                    client.xadd(key, {field: "x"})
                    done = True
                except redis.exceptions.NoPermissionError:
                    done = False
                allowed = {"esi:m:readings": {"esi-flow", "owner"}, "esi:m:alerts": {"esi-flow", "esi-alerts", "owner"}}
                assert done is (name in allowed[key]), (name, key)
            assert client.xrange("esi:m:readings") is not None
            if name != "owner":
                for command in ("FLUSHALL", "CONFIG GET requirepass", "ACL LIST", "KEYS *", "SHUTDOWN"):
                    with pytest.raises(redis.exceptions.NoPermissionError):
                        client.execute_command(*command.split(" "))


def test_the_api_does_its_work_with_no_more_than_it_may(
    addresses: dict[str, str], users_of_redis: dict[str, str]
) -> None:
    with redis.Redis.from_url(users_of_redis["owner"]) as client:
        Publisher(client, "test").readings([0, 1], finals=[0])
    make_user(addresses["owner"], "ann", "admin")
    config = ApiConfig(users_of_redis["esi-api"], addresses["esi_api"], port=0, local_session=False)
    with serving(config) as served:
        ann = Person(served.url, "ann")
        assert ann.ask("GET", "/v1/markets/test/latest")["id"]
        assert ann.ask("GET", "/v1/markets/test/readings")["readings"]
        assert ann.request("GET", "/v1/markets").headers["ratelimit"].startswith('"default";r=11')
        ann.ask("POST", "/v1/alerts/silences", json={"author": "ann", "reason": "x", "lasting": "1h"})
        ann.ask("POST", "/v1/users", json={"name": "bob", "role": "viewer"})
        assert ann.ask("GET", "/v1/audit/verdict")["holds"]
        assert httpx.get(f"{served.url}/readyz").status_code == 200
