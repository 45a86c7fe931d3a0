"""Readings, bars, details, positions, refusals; hypertables where TimescaleDB can be had."""

from __future__ import annotations

import structlog
from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

revision = "0001"
down_revision = None

CHUNK_MS = 30 * 86_400_000
"""A hypertable's chunk: 30 days of event time."""

_TABLES = (
    """CREATE TABLE readings (
        market text NOT NULL, at timestamptz NOT NULL, id_ms bigint NOT NULL, id_seq integer NOT NULL,
        final boolean NOT NULL, "index" double precision, percentile double precision,
        coverage double precision NOT NULL, reading bytea NOT NULL, sent_ns bigint NOT NULL,
        PRIMARY KEY (market, id_ms, id_seq))""",
    "CREATE INDEX readings_final ON readings (market, id_ms, id_seq) WHERE final",
    *(
        f"""CREATE TABLE {channel} (
        market text NOT NULL, at timestamptz NOT NULL, id_ms bigint NOT NULL, id_seq integer NOT NULL,
        {channel} bytea NOT NULL, sent_ns bigint NOT NULL, PRIMARY KEY (market, id_ms, id_seq))"""
        for channel in ("bars", "details")
    ),
    """CREATE TABLE positions (
        stream text PRIMARY KEY, epoch text NOT NULL, last_ms bigint NOT NULL, last_seq bigint NOT NULL)""",
    """CREATE TABLE refusals (
        stream text NOT NULL, id text NOT NULL, reason text NOT NULL, digest bytea NOT NULL, body bytea NOT NULL,
        noticed_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (stream, id, reason, digest))""",
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in _TABLES:
        op.execute(statement)
    if _timescale():
        for table in ("readings", "bars", "details"):
            # by id_ms, which is event time in milliseconds: a hypertable's time must be part of the primary key
            hypertable = text("SELECT create_hypertable(:table, 'id_ms', chunk_time_interval => :chunk)")
            op.get_bind().execute(hypertable, {"table": table, "chunk": CHUNK_MS})


def downgrade() -> None:
    """Drops the tables, and what they hold."""
    op.execute("DROP TABLE readings, bars, details, positions, refusals")


def _timescale() -> bool:
    """Whether TimescaleDB is in this database now; it is asked for where the server has it."""
    bind = op.get_bind()
    if not bind.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'")):
        return False
    try:
        with bind.begin_nested():
            bind.execute(text("CREATE EXTENSION IF NOT EXISTS timescaledb"))
    except DBAPIError as error:  # not preloaded, or not ours to create: plain tables do as well
        structlog.get_logger().warning("timescaledb_not_usable", detail=str(error.orig).strip())
        return False
    return True
