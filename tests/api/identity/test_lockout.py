"""How long whoever is wrong must wait."""

from __future__ import annotations

from api.identity.database import Connection
from api.identity.lockout import FREE, LONGEST, failed, forgive, pause_after, waits


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    assert [pause_after(n, 5) for n in (0, 4, 5, 6, 7, 14, 15, 10_000)] == [0, 0, 1, 2, 4, 512, LONGEST, LONGEST]
    a_day = 0.0
    tries = 0
    while a_day < 86_400:
        tries += 1
        a_day += pause_after(tries, FREE["name"])
    assert tries < 120, "OWASP ASVS 2.2.1: at most 100 an hour"


async def test_names_and_addresses_are_counted_and_forgiven(connection: Connection) -> None:
    for _ in range(FREE["name"]):
        assert await waits(connection, "ann", "192.0.2.7") == 0
        await failed(connection, "ann", "192.0.2.7")
    assert 0 < await waits(connection, "ANN", "192.0.2.8") <= 1, "by name, from anywhere"
    assert await waits(connection, "bob", "192.0.2.7") == 0
    for number in range(FREE["address"]):
        await failed(connection, f"guess {number}", "192.0.2.7")
    assert await waits(connection, "carl", "192.0.2.7") > 0, "by address, for anybody"
    await forgive(connection, "ann", "192.0.2.7")
    assert await waits(connection, "ann", "192.0.2.7") == 0


async def test_what_is_kept_says_nobodys_name(connection: Connection) -> None:
    await failed(connection, "ann\ud800", "192.0.2.7")
    rows = await connection.execute("SELECT * FROM login_failures")
    assert all("ann" not in str(row) and b"ann" not in bytes(row[0]) for row in await rows.fetchall())
