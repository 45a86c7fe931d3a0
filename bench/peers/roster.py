"""Who takes part, and by which means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.peers import running

JSON, ARROW, FILE = "json", "arrow", "file"


@dataclass(frozen=True)
class Peer:
    """One engine with the job as its own users would write it.

    Attributes:
        name: for the command line and the results.
        source: `json` or `arrow` records in Kafka, or a `file` of JSON lines.
        runs: in one process; the first is cold, the best of the others is warm.
        command: makes the command; raises AbsentPartError where the machine lacks something.
        work: what it is, with its settings, in a sentence.
        least_ratio: ours by its warm rate, as promised; None without a promise.
    """

    name: str
    source: str
    runs: int
    command: Callable[[], list[str]]
    work: str
    least_ratio: float | None = None


PEERS: Final = (
    Peer(
        "kafka_streams", JSON, 3, lambda: running.java("Streams", "dsl"),
        "Kafka Streams 4.1.0, DSL: tumbling windows in memory without changelog, aggregate, suppress, then a processor "
        "for the mean; two threads, ticks by Jackson's streaming parser", 2.0,
    ),
    Peer(
        "kafka_streams_processor", JSON, 3, lambda: running.java("Streams", "processor"),
        "Kafka Streams 4.1.0, one processor by hand over a plain map: no state store, so nothing survives a restart; "
        "two threads, ticks by Jackson's streaming parser", 2.0,
    ),
    Peer(
        "flink_sql", JSON, 3, lambda: running.java("Flink"),
        "Flink SQL 2.2.1 on a mini cluster in one JVM: TUMBLE, FIRST_VALUE and LAST_VALUE, the mean as an aggregate "
        "function of 20 lines; parallelism two, object reuse, no checkpoints", 2.0,
    ),
    Peer(
        "bytewax", JSON, 1, lambda: running.python("bytewax_stock.py"),
        "Bytewax 0.21.1: KafkaSource with batches of 10,000, orjson, fold_window, one worker, no recovery", 20.0,
    ),
    Peer(
        "quix", JSON, 1, lambda: running.python("quix.py"),
        "Quix Streams 3.28.1: tumbling window, reduce, final; no changelog topics, commits each 30 s", 2.0,
    ),
    Peer(
        "bytewax_polars", ARROW, 2, lambda: running.python("bytewax_polars.py"),
        "Bytewax 0.21.1 on Arrow records of 8,192 ticks: Polars 2.1.0 makes partial bars of up to 64 records at once, "
        "fold_window puts them together; one worker, no recovery", 4.0,
    ),
    Peer(
        "polars_batch", FILE, 3, lambda: running.python("polars_batch.py"),
        "Polars 2.1.0, all of a file of the same JSON lines at once: a ceiling, no stream",
    ),
    Peer(
        "duckdb_batch", FILE, 3, lambda: running.python("duckdb_batch.py"),
        "DuckDB 2.0.0, all of a file of the same JSON lines at once: a ceiling, no stream",
    ),
)  # fmt: skip

STREAMING_ON_JSON: Final = tuple(peer.name for peer in PEERS if peer.source == JSON)
