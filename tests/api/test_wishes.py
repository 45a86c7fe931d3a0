"""What a feed's query asks for; how refusals reach the client is proved in test_feed."""

from __future__ import annotations

import pytest

from api.audience import Manner
from api.encodings import MSGPACK
from api.streams import Id
from api.wishes import RefusedError, Wish, parse_wishes


def test_every_market_with_every_channel_in_one_manner() -> None:
    found = parse_wishes("market=a&market=b&channel=readings&channel=bars&since=&since=e:5-1&since=&since=7")
    assert found.each == (
        Wish("a", "readings", None),
        Wish("a", "bars", ("e", Id(5, 1))),
        Wish("b", "readings", None),
        Wish("b", "bars", (None, Id(7, 0))),
    )
    assert found.manner == Manner()


def test_a_manner_of_ones_own() -> None:
    found = parse_wishes("market=a&delta=1&every=5s&encoding=msgpack")
    assert found.manner == Manner(MSGPACK, delta=True, every=5.0)
    assert parse_wishes("market=a&delta=0&every=0&encoding=json").manner == Manner()


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("market=a&delta=yes", "Bad delta"),
        ("market=a&encoding=arrow", "Unknown encoding"),
        ("market=a&every=often", "Bad every"),
        ("market=a&every=1ms", "Bad every"),
        ("market=a&every=2h", "Bad every"),
        ("market=a&pace=5s", "Unknown parameter"),
        ("&".join(["market=a"] * 300), "Too many parameters"),
    ],
)
def test_what_cannot_be_served_names_its_parameter(query: str, title: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_wishes(query)
    assert refused.value.title == title
    assert refused.value.detail
