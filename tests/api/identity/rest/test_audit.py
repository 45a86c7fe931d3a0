"""The audit log by REST."""

from __future__ import annotations

import psycopg

from tests.api.conftest import Served, archive_tables, archive_url, config, served
from tests.api.identity.people import Person, make_user

__all__ = ["archive_tables", "archive_url", "config", "served"]


def test_pages_and_verdict(served: Served, archive_url: str) -> None:
    make_user(archive_url, "root", "admin")
    admin = Person(served.url, "root")
    for name in ("a", "b", "c"):
        admin.ask("POST", "/v1/users", json={"name": name, "role": "viewer"})
    first = admin.ask("GET", "/v1/audit?limit=3")
    rest = admin.ask("GET", f"/v1/audit?after={first['next']}")
    assert [one["number"] for one in first["entries"] + rest["entries"]] == [1, 2, 3, 4]
    assert rest["next"] is None
    assert rest["entries"][0]["previous"] == first["entries"][-1]["hash"]
    said = admin.ask("GET", "/v1/audit/verdict")
    assert (said["holds"], said["entries"], said["last"]) == (True, 4, rest["entries"][0]["hash"])
    with psycopg.connect(archive_url) as connection:
        connection.execute("UPDATE audit_log SET who = 'somebody else' WHERE number = 2")
    said = admin.ask("GET", "/v1/audit/verdict")
    assert (said["holds"], said["broken_at"]) == (False, 2)
