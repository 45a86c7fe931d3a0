"""Kafka clients as this project sets them, topics, and the offsets a flow has committed."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # not in their __all__

from dataflows.config import NotNowError
from dataflows.trouble import WAY

log = structlog.get_logger()

CALL_S: Final = 10.0
"""Longest wait for an answer of the broker, seconds."""

_COORDINATING: Final = (
    KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
)  # fmt: skip
"""Answers of a broker whose groups are on the move."""

_MOCK: Final = "mockCluster"
"""How the broker inside librdkafka names its cluster; it cannot create topics, they appear when asked for."""


def consumer(bootstrap: str, group: str, **settings: Any) -> Consumer:
    """A consumer without auto-commit, made for `consume(n, 0)`."""
    given: dict[str, Any] = {name.replace("_", "."): value for name, value in settings.items()}
    return Consumer({**consumer_settings(bootstrap, group), "error_cb": _warn, **given})


def consumer_settings(bootstrap: str, group: str) -> dict[str, str]:
    """What every consumer is told, by librdkafka's names: short waits, bounded queue, no silent jumps.

    Queue and fetches by measurement (docs/scaling.md): what fits the processor's caches is read faster than what does
    not. A longer record than a fetch comes all the same, in a fetch of its own.
    """
    return {
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "enable.auto.commit": "false",
        "auto.offset.reset": "error",  # the default jumps to the end without a word
        "fetch.wait.max.ms": "10",  # the embedded broker wakes no waiting fetch
        "fetch.queue.backoff.ms": "2",  # the default of 1 s stalls whoever once filled its queue
        "queued.max.messages.kbytes": "2048",
        "queued.min.messages": "100000",
        "fetch.message.max.bytes": "1048576",
        "check.crcs": "true",  # 4 % of the time to drain Arrow records; a flipped bit could be a price
        "enable.partition.eof": "false",
        "log_level": "2",
    }


def producer(bootstrap: str, **settings: Any) -> Producer:
    """A producer that loses and repeats nothing within its life, for records of up to 8 MB."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 2,
            "message.max.bytes": 8_388_608,
            "queue.buffering.max.kbytes": 131_072,
            "error_cb": _warn,
            "log_level": 2,
        }
        | {name.replace("_", "."): value for name, value in settings.items()}
    )


def _warn(error: KafkaError) -> None:
    WAY.broke(error.str(), fatal=error.fatal())


def ensure_topic(bootstrap: str, topic: str, partitions: int, retry_s: float = 30.0) -> int:
    """Makes the topic if it is missing and returns its number of partitions.

    Raises:
        NotNowError: no broker answered in time, or it refused.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    deadline = time.monotonic() + retry_s
    while True:
        try:
            return _ensure(admin, bootstrap, topic, partitions)
        except KafkaException as error:
            if time.monotonic() > deadline:
                msg = f"no Kafka broker answers at {bootstrap} ({error}): is it running, is ESI_KAFKA_URL right?"
                raise NotNowError(msg) from error
            log.info("waiting_for_kafka", bootstrap=bootstrap)
            time.sleep(0.2)


def _ensure(admin: AdminClient, bootstrap: str, topic: str, partitions: int) -> int:
    metadata = admin.list_topics(timeout=CALL_S)
    known = metadata.topics.get(topic)
    if known is not None and known.error is None and known.partitions:
        return len(known.partitions)
    if str(metadata.cluster_id).startswith(_MOCK):
        return _touch(bootstrap, topic)
    # record times are event times, often years old: retention must not look at them
    config = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "8388608"}
    future = admin.create_topics([NewTopic(topic, partitions, config=config)])[topic]
    try:
        future.result(CALL_S)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
    return partitions


def _touch(bootstrap: str, topic: str) -> int:
    """Asks a producer's way for the topic, upon which the embedded broker makes it."""
    metadata = Producer({"bootstrap.servers": bootstrap, "log_level": 2}).list_topics(topic, timeout=CALL_S)
    partitions = metadata.topics[topic].partitions
    if not partitions:
        raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    return len(partitions)


def bounds(reader: Consumer, topic: str, partition: int, retry_s: float = 15.0) -> tuple[int, int]:
    """Oldest and next offset of a partition; waits for the leader that a new topic does not have at once.

    Raises:
        KafkaException: no answer in time.
    """
    deadline = time.monotonic() + retry_s
    while True:
        try:
            low, high = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=CALL_S)
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return int(low), int(high)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a flow has made durable of one partition.

    Attributes:
        offset: next record it will read after a crash, -1 if it has not said so yet.
        closed_us: event time through which its bars are closed, None before the first record.
        resend_us: event time from which a broker that lost its memory must be fed again, None for all.
        incarnation: identity of the broker that the offset counts on.
    """

    offset: int
    closed_us: int | None
    resend_us: int | None
    incarnation: str = ""

    def commit(self, reader: Consumer, topic: str, partition: int) -> None:
        """Writes it to the flow's consumer group, without waiting."""
        metadata = json.dumps({k: v for k, v in asdict(self).items() if k != "offset"})
        reader.commit(offsets=[TopicPartition(topic, partition, self.offset, metadata)], asynchronous=True)


def progress(reader: Consumer, topic: str, partitions: int) -> list[Progress]:
    """What the flow of `reader`'s group has committed, by partition.

    Raises:
        KafkaException: the broker did not answer.
    """
    asked = [TopicPartition(topic, partition) for partition in range(partitions)]
    deadline = time.monotonic() + CALL_S
    while True:
        try:
            return [_progress(answer) for answer in reader.committed(asked, timeout=CALL_S)]
        except KafkaException as error:
            # a broker that has just started, or given the group away, knows in a moment who has it
            if error.args[0].code() not in _COORDINATING or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _progress(committed: TopicPartition) -> Progress:
    if committed.error is not None:
        raise KafkaException(committed.error)
    if committed.offset < 0 or not committed.metadata:
        return Progress(-1, None, None)
    return Progress(committed.offset, **json.loads(committed.metadata))
