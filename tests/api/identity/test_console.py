"""What the command line does to users and keys, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import psycopg
import pytest

from api.alerting.vault import VaultError
from api.identity import console, users
from api.identity.users import UserError
from tests.api.alerting.conftest import KEY
from tests.api.identity.people import make_user, rows

T = TypeVar("T")


def done(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def test_the_first_admin_gets_links_until_there_is_a_password(database: str) -> None:
    first, second = done(console.first_link(database)), done(console.first_link(database))
    assert first
    assert second
    assert first != second
    assert [user["name"] for user in done(console.listed(database))] == ["admin"]

    async def use() -> tuple[bool, bool]:
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
            found = [await users.by_link(connection, token) for token in (first, second)]
            assert found[1] is not None
            await users.set_password(connection, found[1].id, "$argon2id$")
            return found[0] is None, await users.by_link(connection, second) is None

    assert done(use()) == (True, True), "only the newest holds, and once"
    assert done(console.first_link(database)) is None


def test_users_from_the_terminal(database: str) -> None:
    done(console.first_link(database))
    assert done(console.add(database, "bob", "viewer"))
    with pytest.raises(UserError, match="already"):
        done(console.add(database, "Bob", "viewer"))
    done(console.set_role(database, "bob", "operator"))
    done(console.set_disabled(database, "bob", disabled=True))
    (bob,) = [user for user in done(console.listed(database)) if user["name"] == "bob"]
    assert (bob["role"], bob["disabled"], bob["password"]) == ("operator", True, False)
    assert done(console.link(database, "bob"))
    done(console.delete(database, "bob"))
    with pytest.raises(console.ConsoleError, match="esi users list"):
        done(console.delete(database, "bob"))
    assert done(console.verify_log(database)).broken_at is None
    assert {entry["who"] for entry in done(console.log(database))} == {"console"}


KEEPING = ("users", "user_sessions", "audit_log", "alert_rules", "alert_silences", "alerts")


def test_everything_of_a_person_can_be_had_and_forgotten(database: str) -> None:
    done(console.first_link(database))
    user_id = make_user(database, "ann", "viewer")
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO user_sessions (token_hash, user_id, csrf, address) VALUES ('x', %s, 'secret', '192.0.2.7')",
            (user_id,),
        )
        connection.execute(
            "INSERT INTO alert_rules (id, market, name, version, rule, origin, author) "
            "VALUES (gen_random_uuid(), 'us', 'high', 1, '{}', 'person', 'Ann')"
        )
        connection.execute(
            "INSERT INTO alert_silences (author, reason, begins_at, ends_at, ended_by) VALUES "
            "('ann', 'holidays', now(), now() + interval '1 h', 'bob'), "
            "('bob', 'x', now(), now() + interval '1 h', 'ann')"
        )
    done(console.set_role(database, "ann", "analyst"))
    said = done(console.export(database, "ann"))
    assert said["user"]["name"] == "ann"
    assert said["sessions"][0]["address"] == "192.0.2.7"
    assert said["audit_log"][0]["after"] == {"role": "analyst"}
    assert [rule["name"] for rule in said["written"]["rules"]] == ["high"]
    assert {silence["reason"] for silence in said["written"]["silences"]} == {"holidays", "x"}
    assert said["written"]["acknowledgements"] == []
    assert "secret" not in str(said)
    assert "argon2" not in str(said)
    done(console.delete(database, "ann"))
    everything = [str(rows(database, f"SELECT * FROM {table}")) for table in KEEPING]
    assert not any("ann" in text.lower() or "192.0.2.7" in text for text in everything)


def test_keys_from_the_terminal(database: str) -> None:
    text = done(console.add_key(database, "dashboard", ["index:read"], 30))
    (key,) = done(console.list_keys(database))
    assert text.split("_")[1] == key["prefix"]
    assert key["expires_at"]
    done(console.revoke_key(database, key["prefix"]))
    with pytest.raises(console.ConsoleError, match="esi keys list"):
        done(console.revoke_key(database, key["prefix"]))
    assert done(console.rotate(database, [KEY])) != done(console.rotate(database, [KEY]))
    with pytest.raises(VaultError):
        done(console.rotate(database, []))
    assert '"d"' not in str(rows(database, "SELECT * FROM signing_keys"))
