"""Rules in PostgreSQL, and how those of files and of people live together."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import AsyncConnection

from api.alerting import rulebook
from api.alerting.rulebook import TwinError
from schemas.alert_rule import AlertRule
from schemas.market import Market
from schemas.market_file import load
from tests.api.alerting.conftest import rows


def rule(name: str, when: str = "index > 80", **said: Any) -> AlertRule:
    return AlertRule(name=name, when=when, **said)


def market(*rules: AlertRule, clock: str = "records") -> Market:
    return load("sim").model_copy(update={"alert": rules, "clock": clock})


async def connection(url: str) -> AsyncConnection[tuple[Any, ...]]:
    return await AsyncConnection.connect(url, autocommit=True)


async def test_every_change_is_a_new_version(tables: str) -> None:
    async with await connection(tables) as c:
        before = await rulebook.version(c)
        made = await rulebook.add(c, "us", rule("r"), "ann")
        assert (made.version, made.origin, made.author) == (1, "person", "ann")
        changed = await rulebook.change(c, made.id, rule("r", "index > 90"), "bob")
        assert changed is not None
        assert (changed.version, changed.author, changed.rule.when) == (2, "bob", "index > 90")
        assert changed.key == f"{made.id}:2"
        assert await rulebook.rules(c, "us") == [changed]
        assert await rulebook.rule(c, made.id) == changed
        assert await rulebook.remove(c, made.id, "ann")
        assert not await rulebook.remove(c, made.id, "ann")
        assert await rulebook.rules(c) == []
        assert await rulebook.change(c, made.id, rule("r"), "ann") is None
        assert await rulebook.version(c) > before + 2


async def test_names_are_unique_in_their_market(tables: str) -> None:
    async with await connection(tables) as c:
        first = await rulebook.add(c, "us", rule("r"), "ann")
        await rulebook.add(c, "sim", rule("r"), "ann")
        other = await rulebook.add(c, "us", rule("other"), "ann")
        with pytest.raises(TwinError, match="has a rule 'r' already"):
            await rulebook.add(c, "us", rule("r"), "ann")
        with pytest.raises(TwinError, match="has a rule 'r' already"):
            await rulebook.change(c, other.id, rule("r"), "ann")
        await rulebook.remove(c, first.id, "ann")
        await rulebook.add(c, "us", rule("r"), "ann")


async def test_a_file_s_rules_follow_the_file_until_somebody_changes_them(tables: str) -> None:
    async with await connection(tables) as c:
        assert await rulebook.adopt(c, market(rule("a"), rule("b"))) == 2
        assert await rulebook.adopt(c, market(rule("a"), rule("b"))) == 0
        a, b = await rulebook.rules(c, "sim")
        assert (a.origin, a.author) == ("file", "sim.toml")
        await rulebook.change(c, b.id, rule("b", "index > 99"), "ann")
        assert await rulebook.adopt(c, market(rule("a", "index > 10"), rule("b", "index > 10"))) == 1
        now = {one.name: one for one in await rulebook.rules(c, "sim")}
        assert (now["a"].version, now["a"].rule.when, now["a"].id) == (2, "index > 10", a.id)
        assert now["b"].rule.when == "index > 99"
        assert await rulebook.adopt(c, market(rule("c"))) == 2
        assert [one.name for one in await rulebook.rules(c, "sim")] == ["b", "c"]


async def test_what_somebody_removed_does_not_come_back(tables: str) -> None:
    async with await connection(tables) as c:
        await rulebook.adopt(c, market(rule("a")))
        (a,) = await rulebook.rules(c, "sim")
        await rulebook.remove(c, a.id, "ann")
        assert await rulebook.adopt(c, market(rule("a", "index > 10"))) == 0
        assert await rulebook.rules(c, "sim") == []


async def test_a_person_s_rule_of_the_same_name_stands(tables: str) -> None:
    async with await connection(tables) as c:
        mine = await rulebook.add(c, "sim", rule("a", "index > 1"), "ann")
        assert await rulebook.adopt(c, market(rule("a"))) == 0
        assert await rulebook.rules(c, "sim") == [mine]


async def test_rules_are_kept_as_they_are_written(tables: str) -> None:
    async with await connection(tables) as c:
        made = await rulebook.add(c, "us", rule("r", repeat=60_000_000, receivers=("desk",)), "ann")
        assert made.rule == rule("r", repeat=60_000_000, receivers=("desk",))
        ((kept,),) = rows(tables, "SELECT rule FROM alert_rules")
        assert kept == {"name": "r", "when": "index > 80", "repeat": 60_000_000, "receivers": ["desk"]}
