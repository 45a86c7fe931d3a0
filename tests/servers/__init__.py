"""Real servers for tests: each in a process of its own, on a free port, with its data in one folder.

A server is started by its class, asked until it answers, and can be killed, paused and restarted on the same
port and data. On Linux its processes die with the test run, even if that is killed.
"""

from tests.servers.kafka import THRIFTY, Kafka, kafka_jars
from tests.servers.machine import CACHE, CHECKOUT, AbsentError, chromium, real_data
from tests.servers.mock_broker import MockBroker
from tests.servers.postgres import Postgres
from tests.servers.process import Server, free_port, unique, wait_until
from tests.servers.redis import Redis

__all__ = [
    "CACHE",
    "CHECKOUT",
    "THRIFTY",
    "AbsentError",
    "Kafka",
    "MockBroker",
    "Postgres",
    "Redis",
    "Server",
    "chromium",
    "free_port",
    "kafka_jars",
    "real_data",
    "unique",
    "wait_until",
]
