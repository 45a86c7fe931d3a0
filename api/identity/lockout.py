"""Failed logins: counted by what was typed and by where from, whether there is such a user or not."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from api.identity.database import Connection

FREE: Final = {"name": 5, "address": 30}
"""Failures in a row that cost nothing but a hash."""

LONGEST: Final = 900.0
"""Seconds of the longest pause: about a hundred tries a day for one name (OWASP ASVS 2.2.1)."""

FORGET: Final = "1 day"


def pause_after(failures: int, free: int) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4, ... up to LONGEST."""
    return 0.0 if failures < free else min(2.0 ** min(failures - free, 20), LONGEST)


def _keys(name: str, address: str) -> dict[str, bytes]:
    said = {"name": name.lower(), "address": address}
    return {kind: hashlib.sha256(f"{kind}:{text}".encode("utf-8", "replace")).digest() for kind, text in said.items()}


async def waits(connection: Connection, name: str, address: str) -> float:
    """Seconds until this name, or this address, may try again; 0 if now."""
    rows = await connection.execute(
        "SELECT coalesce(max(extract(epoch FROM locked_until - now())), 0)::float8 FROM login_failures "
        "WHERE key = ANY(%s)",
        (list(_keys(name, address).values()),),
    )
    found: Any = await rows.fetchone()
    return max(float(found[0]), 0.0)


async def failed(connection: Connection, name: str, address: str) -> None:
    """Counts a failure, and says how long the next try must wait."""
    await connection.execute("DELETE FROM login_failures WHERE last_at < now() - %s::interval", (FORGET,))
    for kind, key in _keys(name, address).items():
        rows = await connection.execute(
            "INSERT INTO login_failures (key, failures, last_at, locked_until) VALUES (%s, 1, now(), now()) "
            "ON CONFLICT (key) DO UPDATE SET failures = login_failures.failures + 1, last_at = now() "
            "RETURNING failures",
            (key,),
        )
        found: Any = await rows.fetchone()
        pause = pause_after(found[0], FREE[kind])
        await connection.execute(
            "UPDATE login_failures SET locked_until = now() + make_interval(secs => %s) WHERE key = %s", (pause, key)
        )


async def forgive(connection: Connection, name: str, address: str) -> None:
    """A login succeeded: nothing is held against its name and address any more."""
    keys = list(_keys(name, address).values())
    await connection.execute("DELETE FROM login_failures WHERE key = ANY(%s)", (keys,))
