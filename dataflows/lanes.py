"""How a partition's records come in: by the ordinary Kafka client, or by the fast lane, which says the same."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, Protocol

import structlog
from confluent_kafka import KafkaError, Message, TopicPartition

from dataflows import kafka
from dataflows.config import FlowConfig, NotNowError
from dataflows.intake import Intake
from dataflows.trouble import WAY
from models.signals.bars import Folded

log = structlog.get_logger()

AT_ONCE: Final = 10_000
"""Records asked for in one call."""


class Lane(Protocol):
    """One partition's records, from an offset on."""

    def take(self, intake: Intake) -> tuple[list[Folded], int | None]:
        """Folds the records that are here, without waiting; also the offset behind the last, None if there was none."""
        ...

    def ring(self, bell: int) -> bool:
        """Has an event file counted up when records come; False where that cannot be had."""
        ...

    def appended_ms(self) -> int:
        """The broker's time of the oldest record of the last `take` that gave any, milliseconds; -1 if unknown."""
        ...

    def newest(self) -> int:
        """Offset behind the newest record that the client has heard of, -1 if of none."""
        ...

    def close(self) -> None:
        """Leaves the broker."""
        ...


OpenLane = Callable[[FlowConfig, int, int], Lane]
"""Opens a lane of a partition at an offset."""


class OrdinaryLane:
    """By the client's own `consume`: one Python object a record."""

    def __init__(self, config: FlowConfig, partition: int, offset: int) -> None:
        self._place = TopicPartition(config.topic, partition, offset)
        self._reader = kafka.consumer(config.kafka, config.group)
        self._reader.assign([self._place])
        self._appended_ms = -1

    def take(self, intake: Intake) -> tuple[list[Folded], int | None]:
        """As the protocol says."""
        good: list[Any] = [record for record in self._reader.consume(AT_ONCE, 0) if self._is_good(record)]
        if not good:
            return [], None
        WAY.works()
        self._appended_ms = int(good[0].timestamp()[1])
        return intake.take(good), int(good[-1].offset() or 0) + 1

    def ring(self, bell: int) -> bool:
        """As the protocol says."""
        return False

    def appended_ms(self) -> int:
        """As the protocol says."""
        return self._appended_ms

    def newest(self) -> int:
        """As the protocol says."""
        return int(self._reader.get_watermark_offsets(self._place, cached=True)[1])

    def close(self) -> None:
        """Leaves the broker."""
        self._reader.close()

    def _is_good(self, record: Message) -> bool:
        error = record.error()
        if error is not None:
            judge(self._place.topic, self._place.partition, error.code(), error.str())
        return error is None


def judge(topic: str, partition: int, code: int, text: str) -> None:
    """Trouble of a client in the place of a record; it mends all but one by itself.

    Raises:
        NotNowError: the offset is gone.
    """
    if code == KafkaError._AUTO_OFFSET_RESET:
        msg = f"{topic}/{partition}: {text}; records were lost before they were read"
        raise NotNowError(msg)
    WAY.broke(text)


def load(lane: str) -> None:
    """Loads what a lane needs before it is opened; the fast one's compiled loops are read or made here."""
    if _chosen(lane) is not OrdinaryLane:
        from dataflows.drain.lane import load  # noqa: PLC0415  (as below)

        load()


def open_lane(config: FlowConfig, partition: int, offset: int) -> Lane:
    """The fast lane if this machine has what it needs, the ordinary one otherwise or where it is asked for."""
    return _chosen(config.lane)(config, partition, offset)


@functools.cache
def _chosen(lane: str) -> OpenLane:
    if lane == "ordinary":
        return OrdinaryLane
    from dataflows.drain.lane import FastLane  # noqa: PLC0415  (compiled code is only loaded where it is used)
    from dataflows.drain.native import MissingError, library  # noqa: PLC0415  (as above)

    try:
        library()
    except MissingError as error:
        log.warning("no_fast_lane", reason=str(error), advice="single JSON ticks are read at a quarter of the speed")
        return OrdinaryLane
    return FastLane
