"""Users, sessions, keys, failed logins, and the audit log."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = (
    # one row: the name of this deployment, which its tokens carry, so that those of another are refused
    """CREATE TABLE identity_deployment (
        one boolean PRIMARY KEY DEFAULT true CHECK (one), id uuid NOT NULL DEFAULT gen_random_uuid())""",
    "INSERT INTO identity_deployment DEFAULT VALUES",
    """CREATE TABLE users (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL,
        role text NOT NULL CHECK (role IN ('viewer', 'analyst', 'operator', 'admin')),
        password_hash text, issuer text, subject text, link_hash bytea UNIQUE, link_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(), disabled_at timestamptz, last_login_at timestamptz,
        UNIQUE (issuer, subject))""",
    "CREATE UNIQUE INDEX users_name ON users (lower(name))",
    """CREATE TABLE user_sessions (
        token_hash bytea PRIMARY KEY, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, csrf text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(), seen_at timestamptz NOT NULL DEFAULT now(),
        address text NOT NULL)""",
    "CREATE INDEX user_sessions_user ON user_sessions (user_id)",
    """CREATE TABLE api_keys (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), prefix text NOT NULL UNIQUE, secret_hash bytea NOT NULL,
        name text NOT NULL, scopes text[] NOT NULL, created_by uuid,
        created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz, revoked_at timestamptz)""",
    """CREATE TABLE signing_keys (
        kid text PRIMARY KEY, public jsonb NOT NULL, sealed bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(), retired_at timestamptz)""",
    # by hashes of what was typed, whether there is such a user or not
    """CREATE TABLE login_failures (
        key bytea PRIMARY KEY, failures integer NOT NULL, last_at timestamptz NOT NULL,
        locked_until timestamptz NOT NULL)""",
    """CREATE TABLE audit_log (
        number bigint PRIMARY KEY, at timestamptz NOT NULL, who text NOT NULL, action text NOT NULL,
        target text NOT NULL, address text NOT NULL, before jsonb, after jsonb,
        previous bytea NOT NULL, hash bytea NOT NULL)""",
)
_NAMES = "audit_log, login_failures, signing_keys, api_keys, user_sessions, users, identity_deployment"


def upgrade() -> None:
    """Makes the tables."""
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Drops the tables, and what they hold."""
    op.execute(f"DROP TABLE {_NAMES}")
