"""When readings were published, as an index: what was known at a wall-clock time is found at once."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the index; a long archive takes its time, and is read meanwhile."""
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute("CREATE INDEX readings_sent ON readings (market, sent_ns, id_ms, id_seq)")


def downgrade() -> None:
    """Drops it."""
    op.execute("DROP INDEX readings_sent")
