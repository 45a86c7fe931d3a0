"""Sends a control record into a feed, and waits until the broker has it."""

from __future__ import annotations

from confluent_kafka import KafkaException, Message

from dataflows import kafka
from dataflows.config import FlowError, NotNowError
from schemas import names
from schemas.control import PARTITION, Control
from schemas.control_wire import encode_control


def send(bootstrap: str, feed: str, control: Control) -> int:
    """Writes the record and returns its offset on partition 0.

    Raises:
        FlowError: no broker answers, the feed has no topic, or the broker refuses.
    """
    topic = names.ticks_topic(feed)
    _check_topic(bootstrap, feed, topic)
    stored: list[int] = []
    producer = kafka.producer(bootstrap, delivery_timeout_ms=int(kafka.CALL_S * 1000))

    def delivered(error: object, message: Message) -> None:
        if error is not None:
            msg = f"the broker refuses the record for {topic}: {error}"
            raise FlowError(msg)
        stored.append(int(message.offset() or 0))

    headers: list[tuple[str, str | bytes | None]] = [(names.CONTENT_TYPE, names.CONTROL_JSON.encode())]
    producer.produce(topic, encode_control(control), partition=PARTITION, headers=headers, on_delivery=delivered)
    producer.flush(kafka.CALL_S + 5)
    if not stored:
        msg = f"no Kafka broker took the record at {bootstrap}: is it running?"
        raise NotNowError(msg)
    return stored[0]


def _check_topic(bootstrap: str, feed: str, topic: str) -> None:
    """A feed that nobody reads would swallow the record without a word."""
    reader = kafka.consumer(bootstrap, names.flow_group(feed))
    try:
        known = reader.list_topics(timeout=kafka.CALL_S).topics
    except KafkaException as error:
        msg = f"no Kafka broker answers at {bootstrap} ({error}): is it running, is ESI_KAFKA_URL right?"
        raise NotNowError(msg) from error
    finally:
        reader.close()
    if topic not in known:
        feeds = ", ".join(sorted(names.feed_of(name) for name in known if names.feed_of(name))) or "none"
        msg = f"feed {feed!r} has no topic {topic} at {bootstrap}; feeds there: {feeds}"
        raise FlowError(msg)
