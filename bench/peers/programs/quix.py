"""The job by Quix Streams: a tumbling window with final results, then a state of one's own; in one process."""

from __future__ import annotations

import tempfile
from typing import Any

import answers
from quixstreams import Application


def begun(tick: dict[str, Any]) -> list[Any]:
    """A bar (open, high, low, close, volume, count) of its first tick."""
    price = tick["price"]
    return [price, price, price, price, tick["size"], 1]


def added(bar: list[Any], tick: dict[str, Any]) -> list[Any]:
    """A bar with one more tick."""
    price = tick["price"]
    return [bar[0], max(bar[1], price), min(bar[2], price), price, bar[4] + tick["size"], bar[5] + 1]


def once(told: answers.Job, number: int) -> list[answers.Row]:
    """One drain of the topic."""
    found: list[answers.Row] = []
    means: dict[str, answers.Ewma] = {}

    def row(window: dict[str, Any], key: Any, _: int, __: Any) -> None:
        instrument = key.decode() if isinstance(key, bytes) else key
        mean = means.setdefault(instrument, answers.Ewma(told.weight))
        bar = window["value"]
        found.append((instrument, window["start"] * 1000, *bar, mean.add(bar[3])))

    with tempfile.TemporaryDirectory(prefix="esi-quix-") as state:
        app = Application(
            broker_address=told.source,
            consumer_group=f"quix-{number}",
            auto_offset_reset="earliest",
            state_dir=state,
            use_changelog_topics=False,
            commit_every=1_000_000,
            commit_interval=30,
            loglevel="ERROR",
        )
        topic = app.topic(
            told.topic,
            value_deserializer="json",  # by orjson
            key_deserializer="str",
            timestamp_extractor=lambda value, *_: value["ts_us"] // 1000,
        )
        frame = app.dataframe(topic).tumbling_window(60_000, grace_ms=0).reduce(added, begun).final()
        frame.update(row, metadata=True)
        app.run(count=told.rows, timeout=60)
    return found


if __name__ == "__main__":
    asked = answers.job()
    answers.repeat(asked, lambda number: once(asked, number))
