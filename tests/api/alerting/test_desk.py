"""One market under evaluation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from api.alerting.desk import Desk, moment, usable, vocabulary
from api.alerting.rulebook import StoredRule
from api.alerting.source import Seen
from models.alerts.windows import MAX_WINDOWS
from schemas.alert_rule import AlertRule
from tests.api.alerting.live import CARD
from tests.models.alerts.made import SECOND_US, START_US, reading

NOW = datetime.now(UTC)


def stored(when: str, **said: Any) -> StoredRule:
    rule = AlertRule.model_validate({"name": when[:80], "when": when} | said)
    return StoredRule(uuid4(), "live", rule.name, 1, rule, "person", "ann", NOW, NOW)


def seen(n: int, index: float | None) -> Seen:
    at = START_US + n * SECOND_US
    return Seen((at // 1_000, 0), reading(at, index), at * 1_000, b"")


def test_faulty_rules_are_named_and_the_others_work() -> None:
    rules = [stored("index > 80"), stored("forecast.q95 > 80"), stored("indx > 3"), stored("index > 1", enabled=False)]
    good, faults = usable(rules, vocabulary(CARD))
    assert [one.stored.name for one in good] == ["index > 80"]
    assert "not available in this market" in faults["forecast.q95 > 80"]
    assert set(faults) == {"forecast.q95 > 80", "indx > 3"}
    assert vocabulary(CARD).segments == ("credit", "equity")


def test_more_windows_than_allowed_leave_the_newest_rules_that_need_them_out() -> None:
    rules = [stored(f"max(index, {n + 1}s) > 1") for n in range(MAX_WINDOWS)]
    newer = [
        replace(stored(when), created_at=NOW + timedelta(days=1))
        for when in ("max(index, 9h) > 1", "min(index, 1s) > 1")
    ]
    watch = replace(stored("silence > 5m"), created_at=NOW + timedelta(days=2))
    desk = Desk("live", CARD, [*newer, *rules, watch], None)
    assert {one.stored.name for one in desk.rules} == {one.name for one in (*rules, watch)}
    assert desk.watches_silence
    assert set(desk.faults) == {one.name for one in newer}


def test_turns_carry_what_the_rule_says_and_sees() -> None:
    desk = Desk("live", CARD, [stored("index > 80")], None)
    assert desk.look(seen(0, 50.0), None) == []
    (begun,) = desk.look(seen(1, 90.0), None)
    assert (begun.began, begun.value, begun.condition) == (True, 90.0, "index > 80")
    assert begun.at == moment(START_US + SECOND_US)
    (ended,) = desk.look(seen(2, 50.0), None)
    assert not ended.began


def test_what_is_no_reading_moves_the_position_and_says_nothing() -> None:
    desk = Desk("live", CARD, [stored("index > 80")], None)
    assert desk.look(Seen((7, 0), None, 9, b"x"), None) == []
    assert (desk.position, desk.sent_ns) == ((7, 0), 9)


def test_a_desk_goes_on_from_what_was_saved() -> None:
    rules = [stored("index > 80")]
    first = Desk("live", CARD, rules, None)
    first.look(seen(0, 90.0), None)
    second = Desk("live", CARD, rules, first.saved())
    assert second.position == first.position
    assert second.look(seen(0, 90.0), None) == [], "it has seen that"
    assert [turn.began for turn in second.look(seen(1, 50.0), None)] == [False]


def test_a_state_that_cannot_be_read_begins_anew() -> None:
    rules = [stored("index > 80")]
    saved = Desk("live", CARD, rules, None).saved()
    broken = Desk("live", CARD, rules, type(saved)("e1", (1, 0), 1, b"broken"))
    assert [turn.began for turn in broken.look(seen(0, 90.0), None)] == [True]


def test_a_new_window_is_shown_the_past_and_old_ones_keep_theirs() -> None:
    old, new = stored("rank(index, 1000s) > 90"), stored("rank(index, 2000s) > 90")
    first = Desk("live", CARD, [old], None)
    past = [seen(n, float(n % 50)) for n in range(220)]
    for one in past:
        first.look(one, None)
    desk = Desk("live", CARD, [old, new], first.saved())
    assert len(desk.new_windows) == 1
    desk.warm([(one.reading, None) for one in past if one.reading is not None])
    assert desk.new_windows == frozenset()
    turns = desk.look(seen(220, 99.0), None)
    assert {turn.stored.name for turn in turns} == {old.name, new.name}
    cold = Desk("live", CARD, [old, new], first.saved())
    assert [turn.stored.name for turn in cold.look(seen(220, 99.0), None)] == [old.name]


def test_who_watches_silence_and_who_wants_details() -> None:
    assert Desk("live", CARD, [stored("silence > 5s")], None).watches_silence
    assert not Desk("live~r1", CARD, [stored("silence > 5s")], None).watches_silence
    assert not Desk("live", CARD, [stored("index > 5")], None).watches_silence
    assert Desk("live", CARD, [stored("segment_correlation.mean > 0.5")], None).wants_details
    assert not Desk("live", CARD, [stored("index > 5")], None).wants_details


def test_a_market_with_scores_has_rules_over_them() -> None:
    rules = [stored("forecast.q95 > 60"), stored("drift.found > 0")]
    assert usable(rules, vocabulary(CARD))[0] == []
    good, faults = usable(rules, vocabulary(CARD | {"scores": True}))
    assert len(good) == 2
    assert faults == {}
    assert Desk("live", CARD | {"scores": True}, rules, None).wants_details
    assert not Desk("live", CARD | {"scores": True}, rules[:1], None).wants_details
