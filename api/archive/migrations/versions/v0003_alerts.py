"""Alert rules, alerts, silences, receivers, the outbox and the log of deliveries."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = (
    # one row: grows with every change of a rule, so that a reader sees that there is something new
    """CREATE TABLE alert_rulebook (one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL)""",
    "INSERT INTO alert_rulebook (version) VALUES (1)",
    """CREATE TABLE alert_rules (
        id uuid PRIMARY KEY, market text NOT NULL, name text NOT NULL, version integer NOT NULL, rule jsonb NOT NULL,
        origin text NOT NULL CHECK (origin IN ('file', 'person')), author text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
        removed_at timestamptz)""",
    "CREATE UNIQUE INDEX alert_rules_name ON alert_rules (market, name) WHERE removed_at IS NULL",
    """CREATE TABLE alert_streams (
        market text PRIMARY KEY, epoch text NOT NULL, last_ms bigint NOT NULL, last_seq bigint NOT NULL,
        last_sent_ns bigint NOT NULL, state bytea NOT NULL, committed_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE alerts (
        id text PRIMARY KEY, fingerprint text NOT NULL, market text NOT NULL, rule_id uuid NOT NULL, rule text NOT NULL,
        version integer NOT NULL, severity text NOT NULL, segment text NOT NULL, condition text NOT NULL,
        about text NOT NULL, repeat_s double precision NOT NULL, receivers text[] NOT NULL,
        state text NOT NULL CHECK (state IN ('alerting', 'resolved')),
        began_at timestamptz NOT NULL, ended_at timestamptz, value double precision, reading bytea,
        noticed_at timestamptz NOT NULL, unsent text CHECK (unsent IN ('run', 'old', 'silenced')),
        sent_at timestamptz, acknowledged_at timestamptz, acknowledged_by text, acknowledged_note text)""",
    "CREATE INDEX alerts_alerting ON alerts (market, rule_id) WHERE state = 'alerting'",
    "CREATE INDEX alerts_newest ON alerts (began_at DESC, id)",
    """CREATE TABLE alert_events (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, market text NOT NULL, alert_id text NOT NULL,
        what text NOT NULL, body bytea NOT NULL)""",
    "CREATE INDEX alert_events_market ON alert_events (market, number)",
    """CREATE TABLE alert_silences (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), author text NOT NULL, reason text NOT NULL,
        market text, rule text, severity text, segment text,
        begins_at timestamptz NOT NULL, ends_at timestamptz NOT NULL CHECK (ends_at > begins_at),
        created_at timestamptz NOT NULL DEFAULT now(), ended_by text)""",
    """CREATE TABLE alert_receivers (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL UNIQUE, kind text NOT NULL,
        settings jsonb NOT NULL, secrets bytea NOT NULL, enabled boolean NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
        failures integer NOT NULL DEFAULT 0, open_until timestamptz,
        tokens double precision, tokens_at timestamptz)""",
    """CREATE TABLE alert_outbox (
        number bigint GENERATED ALWAYS AS IDENTITY UNIQUE, id text PRIMARY KEY,
        receiver_id uuid NOT NULL REFERENCES alert_receivers ON DELETE CASCADE, lane text NOT NULL, body jsonb NOT NULL,
        state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
        created_at timestamptz NOT NULL DEFAULT now(), due_at timestamptz NOT NULL, attempts integer NOT NULL DEFAULT 0,
        claimed_by bigint, claimed_until timestamptz, finished_at timestamptz, fault text)""",
    "CREATE INDEX alert_outbox_due ON alert_outbox (due_at, number) WHERE state = 'waiting'",
    "CREATE INDEX alert_outbox_lane ON alert_outbox (receiver_id, lane, number) WHERE state = 'waiting'",
    "CREATE INDEX alert_outbox_dead ON alert_outbox (number) WHERE state = 'dead'",
    """CREATE TABLE alert_deliveries (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, outbox_id text NOT NULL, receiver_id uuid NOT NULL,
        attempt integer NOT NULL, at timestamptz NOT NULL, outcome text NOT NULL, status integer,
        latency_ms double precision NOT NULL, request text NOT NULL, response text NOT NULL, fault text)""",
    "CREATE INDEX alert_deliveries_receiver ON alert_deliveries (receiver_id, number DESC)",
)
_NAMES = (
    "alert_deliveries, alert_outbox, alert_receivers, alert_silences, alert_events, alerts, alert_streams, "
    "alert_rules, alert_rulebook"
)


def upgrade() -> None:
    """Makes the tables."""
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drops the tables, and what they hold."""
    op.execute(f"DROP TABLE {_NAMES}")
