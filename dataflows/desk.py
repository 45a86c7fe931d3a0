"""What the partitions of one process share: a client that looks and commits, the dead letters, the doorbell."""

from __future__ import annotations

from functools import cached_property

from confluent_kafka import Consumer

from dataflows import kafka
from dataflows.config import FlowConfig
from dataflows.doorbell import Doorbell
from dataflows.rejects import DeadLetters


class Desk:
    """Made with the first partition that needs it; sixty-four of them need no more than one.

    Args:
        config: of the flow.
    """

    def __init__(self, config: FlowConfig) -> None:
        self._config, self._partitions = config, 0
        self.door = Doorbell() if config.single else None

    @cached_property
    def letters(self) -> DeadLetters:
        """Where rejects go."""
        return DeadLetters(self._config.kafka, self._config.partitions)

    @cached_property
    def reader(self) -> Consumer:
        """Reads no records: it asks for offsets, and commits them."""
        return kafka.consumer(self._config.kafka, self._config.group)

    @cached_property
    def incarnation(self) -> str:
        """Identity of the broker that offsets count on."""
        return self._config.incarnation or str(self.reader.list_topics(timeout=kafka.CALL_S).cluster_id)

    def enter(self) -> None:
        """A partition begins."""
        self._partitions += 1

    def leave(self) -> None:
        """A partition is closed; the last one closes what is shared."""
        self._partitions -= 1
        if self._partitions == 0:
            self.reader.close()
