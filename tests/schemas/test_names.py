"""Names: no two feeds share a topic, and every topic is one that Kafka takes."""

from __future__ import annotations

import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas import names

SLUG = st.lists(st.text("aB1._", min_size=1, max_size=3), max_size=3).map(lambda parts: "-".join(["a", *parts]))
RUN = st.one_of(st.none(), SLUG)


def test_the_keys_are_spelled_as_documented() -> None:
    assert names.ticks_topic("week~r1") == "esi.ticks.v1.week--r1"
    assert names.with_run("week", None) == "week"
    assert [names.stream("m", channel) for channel in names.CHANNELS] == [
        "esi:m:readings",
        "esi:m:bars",
        "esi:m:details",
    ]
    assert (names.flow_group("sim"), names.cut_key("m", "bars")) == ("esi-flow-sim", "esi:m:bars:cut")


@settings(max_examples=100, deadline=None)
@given(SLUG, RUN, SLUG, RUN)
def test_two_feeds_never_share_a_topic(feed: str, run: str | None, other: str, its_run: str | None) -> None:
    assume((feed, run) != (other, its_run))
    topics = [names.ticks_topic(names.with_run(*pair)) for pair in ((feed, run), (other, its_run))]
    assert topics[0] != topics[1]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,249}", topic) for topic in topics)


def test_the_keys_of_a_market_are_all_different() -> None:
    keys = [make("m") for make in (names.latest_key, names.writer_key, names.epoch_key, names.market_key)]
    keys += [make("m", channel) for make in (names.stream, names.cut_key) for channel in names.CHANNELS]
    assert len({names.MARKETS_KEY, *keys}) == 11


def test_editions_are_read_and_sorted_in_turn() -> None:
    assert [names.edition_of(name) for name in ("us", "us@2", "us@12~r1", "us~r@3")] == [
        ("us", 1), ("us", 2), ("us", 12), ("us", 1)
    ]  # fmt: skip
    shuffled = ["us@10", "week", "us-open", "us~r1", "us@2", "us", "us@2~r1"]
    assert sorted(shuffled, key=names.in_order) == ["us", "us~r1", "us@2", "us@2~r1", "us@10", "us-open", "week"]
