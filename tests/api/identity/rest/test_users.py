"""Users by REST: what admins do, what is refused, and what the log says of it."""

from __future__ import annotations

import pytest

from tests.api.conftest import Served, archive_tables, archive_url, config, served
from tests.api.identity.people import Person, make_user, rows

__all__ = ["archive_tables", "archive_url", "config", "served"]


@pytest.fixture
def admin(served: Served, archive_url: str) -> Person:
    make_user(archive_url, "root", "admin")
    return Person(served.url, "root")


def test_a_user_from_adding_to_deleting(admin: Person, archive_url: str) -> None:
    made = admin.ask("POST", "/v1/users", json={"name": "bob", "role": "viewer"})
    assert (made["role"], made["has_password"], made["disabled"]) == ("viewer", False, False)
    admin.ask("POST", "/v1/users", 409, json={"name": "BOB", "role": "viewer"})
    path = f"/v1/users/{made['id']}"
    assert admin.ask("PATCH", path, json={"role": "analyst"})["role"] == "analyst"
    assert admin.ask("PATCH", path, json={"disabled": True})["disabled"] is True
    assert admin.ask("PATCH", path, json={"link": True, "disabled": False})["link"]
    assert [one["name"] for one in admin.ask("GET", "/v1/users")["users"]] == ["bob", "root"]
    admin.ask("DELETE", path)
    admin.ask("DELETE", path, 404)
    log = rows(archive_url, "SELECT action, before, after FROM audit_log WHERE action LIKE 'users.%%' ORDER BY number")
    assert [action for action, _, _ in log] == ["users.add"] + ["users.change"] * 3 + ["users.delete"]
    assert log[1][1:] == (
        {"role": "viewer", "disabled": False}, {"role": "analyst", "disabled": False, "link": False},
    )  # fmt: skip
    assert "bob" not in str(rows(archive_url, "SELECT * FROM audit_log")), "names can be forgotten"


def test_a_role_that_changes_holds_at_once(admin: Person, archive_url: str) -> None:
    user_id = make_user(archive_url, "ann", "operator")
    ann = Person(admin.url, "ann")
    admin.ask("PATCH", f"/v1/users/{user_id}", json={"role": "viewer"})
    assert ann.ask("GET", "/v1/session")["role"] == "viewer"
    admin.ask("PATCH", f"/v1/users/{user_id}", json={"disabled": True})
    assert ann.request("GET", "/v1/session").json()["local"] is True
    assert Person(admin.url, "ann").answer.status_code == 401


def test_the_last_admin_stays(admin: Person, archive_url: str) -> None:
    ((own,),) = rows(archive_url, "SELECT id FROM users WHERE name = 'root'")
    for body in ({"role": "viewer"}, {"disabled": True}):
        refused = admin.ask("PATCH", f"/v1/users/{own}", 409, json=body)
        assert "last admin" in refused["detail"]
    admin.ask("DELETE", f"/v1/users/{own}", 409)


@pytest.mark.parametrize("name", ["", "-x", "a b", "x" * 65, "a\n", "<b>", "ü"])
def test_names_that_cannot_be(admin: Person, name: str) -> None:
    admin.ask("POST", "/v1/users", 422, json={"name": name, "role": "viewer"})
