"""The outbox, under several processes, faults and kills."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from psycopg import AsyncConnection

from api.alerting import outbox
from api.alerting.messages import Message
from api.alerting.outbox import Claimed, Finished, ration
from tests.api.alerting.conftest import WHSEC, add_receiver, rows
from tests.api.alerting.receivers.made import message

NOW = datetime.now(UTC)


async def connection(url: str) -> AsyncConnection[tuple[Any, ...]]:
    return await AsyncConnection.connect(url, autocommit=True)


def receiver(url: str, name: str = "desk", **settings: Any) -> UUID:
    add_receiver(url, name, kind="webhook", url="https://example.org/", keys=[WHSEC], **settings)
    return rows(url, "SELECT id FROM alert_receivers WHERE name = %s", name)[0][0]  # type: ignore[no-any-return]


def named(number: int, market: str = "us") -> Message:
    plain = message(market=market)
    return msgspec.structs.replace(plain, id=f"msg_{number}")


async def claimed(one: AsyncConnection[Any], worker: int, limit: int = 100, breaks: int = 5) -> list[Claimed]:
    return await outbox.claim(one, worker, limit, 60.0, breaks)


def finished(one: Claimed, state: str = "sent", **said: Any) -> Finished:
    return Finished(one, state, "sent" if state == "sent" else "again", NOW, 5.0, **said)


def ids(found: list[Claimed]) -> list[str]:
    return [one.message.id for one in found]


async def test_two_processes_share_the_work_without_doubles_and_lanes_keep_their_order(tables: str) -> None:
    target = receiver(tables)
    async with await connection(tables) as first, await connection(tables) as second:
        assert await outbox.become_worker(first, 1)
        assert await outbox.become_worker(second, 2)
        assert not await outbox.become_worker(second, 1)
        for n in range(6):
            await outbox.enqueue(first, target, named(n, f"m{n % 3}"), NOW)
        await outbox.enqueue(first, target, named(0, "m0"), NOW)
        mine = await claimed(first, 1, 2)
        others = await claimed(second, 2)
        assert (ids(mine), ids(others)) == (["msg_0", "msg_1"], ["msg_2"]), "the rest waits for its lane"
        await outbox.finish(first, 1, [finished(one) for one in mine], (5, 60.0))
        assert ids(await claimed(second, 2)) == ["msg_3", "msg_4"]


async def test_claiming_waits_for_nobody_who_is_about_to_tell(tables: str) -> None:
    """Else the two could wait for each other: an insert holds its receiver, a retry of another lane holds its row."""
    target = receiver(tables)
    async with await connection(tables) as teller, await connection(tables) as first:
        await outbox.become_worker(first, 1)
        await outbox.enqueue(first, target, named(1, "m1"), NOW)
        await first.execute("SET lock_timeout TO '1s'")
        async with teller.transaction():
            await outbox.enqueue(teller, target, named(2, "m2"), NOW)
            assert ids(await claimed(first, 1)) == ["msg_1"]


async def test_what_a_dead_process_had_claimed_is_free_at_once(tables: str) -> None:
    target = receiver(tables)
    async with await connection(tables) as living:
        await outbox.become_worker(living, 2)
        doomed = await connection(tables)
        await outbox.become_worker(doomed, 1)
        await outbox.enqueue(living, target, named(1), NOW)
        (lost,) = await claimed(doomed, 1)
        assert await claimed(living, 2) == []
        await doomed.close()
        found: list[Claimed] = []
        while not found:
            found = await claimed(living, 2)
        assert (ids(found), found[0].attempt) == (["msg_1"], 2)
        await outbox.finish(living, 1, [finished(lost)], (5, 60.0))
        assert rows(tables, "SELECT state FROM alert_outbox") == [("waiting",)], "the dead one's word counts no more"


async def test_a_lease_that_ran_out_is_taken_over(tables: str) -> None:
    target = receiver(tables)
    async with await connection(tables) as hung, await connection(tables) as living:
        await outbox.become_worker(hung, 1)
        await outbox.become_worker(living, 2)
        await outbox.enqueue(living, target, named(1), NOW)
        assert len(await outbox.claim(hung, 1, 10, 0.0, 5)) == 1
        assert ids(await claimed(living, 2)) == ["msg_1"]


async def test_failures_wait_open_the_circuit_and_are_forgotten_after_a_success(tables: str) -> None:
    target = receiver(tables)
    async with await connection(tables) as one:
        await outbox.become_worker(one, 1)
        for n in range(4):
            await outbox.enqueue(one, target, named(n, f"m{n}"), NOW)
        first = await claimed(one, 1, 2)
        await outbox.finish(one, 1, [finished(c, "waiting", ill=True, fault="HTTP 500") for c in first], (2, 600.0))
        assert rows(tables, "SELECT failures, open_until > now() FROM alert_receivers") == [(2, True)]
        assert await claimed(one, 1) == []
        rows(tables, "UPDATE alert_receivers SET open_until = now() RETURNING 1")
        probe = await claimed(one, 1, breaks=2)
        assert len(probe) == 1, "a single one tries whether the receiver is well again"
        await outbox.finish(one, 1, [finished(probe[0])], (2, 600.0))
        assert rows(tables, "SELECT failures, open_until FROM alert_receivers") == [(0, None)]
        rows(tables, "UPDATE alert_outbox SET due_at = now() RETURNING 1")
        assert len(await claimed(one, 1)) == 3


async def test_the_rate_of_a_receiver_holds_messages_back(tables: str) -> None:
    target = receiver(tables, per_minute=3)
    async with await connection(tables) as one:
        await outbox.become_worker(one, 1)
        for n in range(5):
            await outbox.enqueue(one, target, named(n, f"m{n}"), NOW)
        assert len(await claimed(one, 1)) == 3
        assert await claimed(one, 1) == []
        ((waits,),) = rows(tables, "SELECT min(due_at - now()) FROM alert_outbox WHERE claimed_by IS NULL")
        assert timedelta(seconds=10) < waits <= timedelta(seconds=20)
        assert rows(tables, "SELECT DISTINCT attempts FROM alert_outbox WHERE claimed_by IS NULL") == [(0,)]


@pytest.mark.parametrize(
    ("tokens", "passed", "a_minute", "wanted", "allowed"),
    [
        (None, None, 60.0, 100, 60),
        (0.0, 1.0, 60.0, 5, 1),
        (0.5, 0.0, 60.0, 5, 0),
        (3.0, -9.0, 60.0, 2, 2),
        (9.0, 1e9, 6.0, 99, 6),
    ],
)
def test_rations(tokens: float | None, passed: float | None, a_minute: float, wanted: int, allowed: int) -> None:
    found, left, wait_s = ration(tokens, passed, a_minute, wanted)
    assert found == allowed
    assert left >= 0
    assert 0 < wait_s <= 60.0 / a_minute + 0.05


async def test_dead_letters_are_kept_and_told_again_on_request(tables: str) -> None:
    target, other = receiver(tables), receiver(tables, "other")
    async with await connection(tables) as one:
        await outbox.become_worker(one, 1)
        for n, to in enumerate((target, target, other)):
            await outbox.enqueue(one, to, named(n, f"m{n}"), NOW)
        done = [finished(c, "dead", fault="HTTP 400", response="no\0thing") for c in await claimed(one, 1)]
        await outbox.finish(one, 1, done, (5, 60.0))
        assert rows(tables, "SELECT DISTINCT state, fault FROM alert_outbox") == [("dead", "HTTP 400")]
        assert rows(tables, "SELECT DISTINCT outcome, response FROM alert_deliveries") == [("again", "nothing")]
        assert await outbox.redeliver(one, ["msg_0"], None) == 1
        assert await outbox.redeliver(one, None, "other") == 1
        assert await outbox.redeliver(one, None, None) == 1
        assert len(await claimed(one, 1)) == 3


async def test_a_new_message_hastens_what_its_lane_still_tries(tables: str) -> None:
    target = receiver(tables)
    async with await connection(tables) as one:
        await outbox.become_worker(one, 1)
        await outbox.enqueue(one, target, named(1), NOW)
        await outbox.finish(one, 1, [finished(c, "waiting", pause_s=3_600.0) for c in await claimed(one, 1)], (5, 60.0))
        await outbox.enqueue(one, target, named(2), NOW)
        ((waits,),) = rows(tables, "SELECT due_at - now() FROM alert_outbox WHERE id = 'msg_1'")
        assert waits <= timedelta(seconds=5)


async def test_what_was_told_long_ago_is_forgotten(tables: str) -> None:
    target = receiver(tables)
    async with await connection(tables) as one:
        await outbox.become_worker(one, 1)
        await outbox.enqueue(one, target, named(1), NOW)
        await outbox.finish(one, 1, [finished(c) for c in await claimed(one, 1)], (5, 60.0))
        assert await outbox.forget(one) == 0
        rows(tables, "UPDATE alert_outbox SET finished_at = now() - interval '31 days' RETURNING 1")
        assert await outbox.forget(one) == 1
