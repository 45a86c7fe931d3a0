"""Every name that two processes must agree on, written once: topics, streams, content types, keys."""

from __future__ import annotations

from typing import Final

REJECTS_TOPIC: Final = "esi.rejects.v1"
"""Kafka topic of the records that could not be used, with their original bytes."""

TICKS_ARROW: Final = "application/vnd.esi.ticks+arrow"
TICKS_JSON: Final = "application/vnd.esi.ticks+json"
BARS_ARROW: Final = "application/vnd.esi.bars+arrow"
BARS_JSON: Final = "application/vnd.esi.bars+json"
TOCK_JSON: Final = "application/vnd.esi.tock+json"
CONTROL_JSON: Final = "application/vnd.esi.control+json"
TRADES_CSV: Final = "text/csv"
"""A row of a replayed file, in dead letters only."""

CONTENT_TYPE: Final = "content-type"
"""Kafka header that tells the kinds of records apart; a record without it is read as JSON ticks."""

_TICKS: Final = "esi.ticks.v1."

RUN_MARK: Final = "~"
"""Between a market (or feed) and the run that replays into it: `week~2013-10-07`."""

EDITION_MARK: Final = "@"
"""Between a market and its edition, from the second on: `us@2`."""

MARKETS_KEY: Final = "esi:markets"
"""Redis set of the markets (runs included) that some flow publishes."""

ARCHIVE_GROUP: Final = "archive"
"""Consumer group of the archiver on every stream."""

CHANNELS: Final = ("readings", "bars", "details")
"""Streams of one market, and the channels of the WebSocket feed."""


def ticks_topic(feed: str) -> str:
    """Kafka topic of a feed: `esi.ticks.v1.{feed}` (a run's mark `~` is spelled `--`: Kafka allows no tilde)."""
    return f"{_TICKS}{feed.replace(RUN_MARK, '--')}"


def feed_of(topic: str) -> str:
    """Feed of a topic of ticks, as it is spelled there; nothing for other topics."""
    return topic.removeprefix(_TICKS) if topic.startswith(_TICKS) else ""


def flow_group(feed: str) -> str:
    """Kafka consumer group under which a flow commits its offsets, for pacing and for lag tools."""
    return f"esi-flow-{feed}"


def stream(market: str, channel: str) -> str:
    """Redis stream of one channel of a market: `esi:{market}:readings`, `:bars`, `:details`."""
    return f"esi:{market}:{channel}"


def alerts_stream(market: str) -> str:
    """Redis stream of a market's alerts: `esi:{market}:alerts`; one entry, field `alert`, for each change of one."""
    return f"esi:{market}:alerts"


def latest_key(market: str) -> str:
    """Redis hash of a market's newest reading: fields `id`, `reading`, `final_id`, `final`, `sent_ns`."""
    return f"esi:{market}:latest"


def writer_key(market: str) -> str:
    """Redis integer: the fencing token of the one flow that may write this market's streams."""
    return f"esi:{market}:writer"


def epoch_key(market: str) -> str:
    """Redis string: identity of this market's streams; another value means that history was lost or reset."""
    return f"esi:{market}:epoch"


def market_key(market: str) -> str:
    """Redis string: the market's definition as JSON, for readers that never see its file."""
    return f"esi:{market}:market"


def cut_key(market: str, channel: str) -> str:
    """Redis integer: entries that the hard cap cut before the archiver had them."""
    return f"esi:{market}:{channel}:cut"


def edition_of(market: str) -> tuple[str, int]:
    """A market's name without its edition (and run), and its edition: `us@2` is the second of `us`, `us` the first."""
    family, mark, number = market.partition(RUN_MARK)[0].partition(EDITION_MARK)
    return family, int(number) if mark else 1


def in_order(market: str) -> tuple[str, int, str]:
    """Sorts markets by name, editions in turn, runs behind what they replay."""
    return *edition_of(market), market


def with_run(name: str, run: str | None) -> str:
    """Name of a market or feed within a run: `week` and `r1` give `week~r1`; without a run, the name itself."""
    return name if run is None else f"{name}{RUN_MARK}{run}"
