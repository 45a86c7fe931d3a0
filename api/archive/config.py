"""What the archiver is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArchiveConfig:
    """Settings of one archiver.

    Attributes:
        redis_url: where the streams are, `redis://:password@host:port/0` or `unix:///path?db=0`.
        postgres_url: where the archive is, psycopg conninfo or URI.
        keep: newest entries that stay in each stream when it is trimmed.
        batch: entries read at once, over all streams.
        linger_s: pause after a small batch, in seconds, so that commits stay few.
        refresh_s: how often markets are looked for and streams trimmed, in seconds.
        timeout_s: how long PostgreSQL may take for one commit, in seconds.
        metrics_host: address of the Prometheus page.
        metrics_port: its port; 0 takes a free one (the first log line says which), None makes no page.
    """

    redis_url: str
    postgres_url: str
    keep: int = 10_000
    batch: int = 5_000
    linger_s: float = 0.1
    refresh_s: float = 1.0
    timeout_s: float = 15.0
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = 0

    def __post_init__(self) -> None:
        if self.keep < 1 or self.batch < 1:
            msg = f"keep {self.keep} and batch {self.batch} must be at least 1"
            raise ValueError(msg)
