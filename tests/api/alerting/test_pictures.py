"""Pictures from the archive."""

from __future__ import annotations

from api.alerting.evaluator import connected
from api.alerting.pictures import Pictures
from tests import servers
from tests.api.alerting.conftest import rows


async def test_the_newest_finals_are_drawn(tables: str) -> None:
    pictures = Pictures(lambda: connected(tables))
    assert await pictures.picture("us") is None
    for n in range(30):
        rows(tables, "INSERT INTO readings VALUES ('us', now(), %s, 1, true, %s, 1, 1, 'x', 1) RETURNING 1", n, n)
    drawn = await pictures.picture("us")
    assert drawn is not None
    assert drawn.startswith(b"\x89PNG")
    assert await pictures.picture("sim") is None


async def test_a_mail_goes_without_one_where_the_archive_is_away(database: str) -> None:
    assert await Pictures(lambda: connected(database)).picture("us") is None
    away = f"postgresql://esi@127.0.0.1:{servers.free_port()}/esi"
    assert await Pictures(lambda: connected(away)).picture("us") is None
