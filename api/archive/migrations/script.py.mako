"""${message}."""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Says what changes."""
    op.execute("")


def downgrade() -> None:
    """Says how it is undone."""
    op.execute("")
