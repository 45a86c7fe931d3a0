"""The archived past."""

from __future__ import annotations

from functools import partial

from api.alerting import history
from api.alerting.desk import Desk
from api.alerting.evaluator import connected
from api.alerting.ledger import Saved
from schemas.reading import canonical
from tests.api.alerting.conftest import rows
from tests.api.alerting.live import CARD
from tests.api.alerting.test_desk import stored
from tests.models.alerts.made import SECOND_US, START_US, details, reading

BEGIN_MS = START_US // 1_000


def fill(url: str, count: int) -> None:
    """A reading each second, every tenth one a final with details."""
    for n in range(count):
        at_us, final = START_US + n * SECOND_US, n % 10 == 9
        values = (at_us // 1_000, int(final), final, canonical(reading(at_us, float(n), final=final)))
        rows(url, "INSERT INTO readings VALUES ('live', now(), %s, %s, %s, 1, 1, 1, %s, 1) RETURNING 1", *values)
        if final:
            behind = canonical(details(at_us))
            rows(url, "INSERT INTO details VALUES ('live', now(), %s, 1, %s, 1) RETURNING 1", values[0], behind)


async def test_pages_of_history(tables: str) -> None:
    fill(tables, 45)
    here = partial(connected, tables)
    pages = history.pages(here, "live", BEGIN_MS, 2**62, finals=False, details=True)
    found = [one async for page in pages for one in page]
    assert [said.index for said, _ in found] == [float(n) for n in range(45)]
    assert [behind is not None for _, behind in found] == [n % 10 == 9 for n in range(45)]
    pages = history.pages(here, "live", BEGIN_MS + 10_000, BEGIN_MS + 39_000, finals=True, details=False)
    assert [said.index async for page in pages for said, behind in page if behind is None] == [19.0, 29.0]
    assert [page async for page in history.pages(here, "other", 0, 2**62, finals=True, details=True)] == []


async def test_what_cannot_be_read_is_left_out(tables: str) -> None:
    fill(tables, 3)
    rows(tables, "UPDATE readings SET reading = '{' WHERE id_ms = %s RETURNING 1", BEGIN_MS + 1_000)
    pages = history.pages(partial(connected, tables), "live", 0, 2**62, finals=False, details=True)
    (page,) = [one async for one in pages]
    assert [said.index for said, _ in page] == [0.0, 2.0]


async def test_a_new_window_is_shown_the_last_reading_of_each_bucket(tables: str) -> None:
    fill(tables, 45)
    before = Desk("live", CARD, [stored("index > 1")], None).saved()
    saved = Saved("e1", (BEGIN_MS + 40_000, 0), 1, before.state)
    async with connected(tables) as c:
        desk = Desk("live", CARD, [stored("index > 1"), stored("max(index, 30s) > 1")], saved)
        shown = [said.index for said, _ in await history.past(c, desk)]
        assert shown == [float(n) for n in range(11, 41)]
        coarse = Desk("live", CARD, [stored("index > 1"), stored("max(index, 5120s) > 1")], saved)
        assert len(await history.past(c, coarse)) in {4, 5, 6}
        close = Desk("live", CARD, [stored("index > 1"), stored("max(index, since close) > 1")], saved)
        assert await history.past(c, close) == []
