"""Alembic runs this: applies the steps over the connection that `api.archive.schema` holds under its lock."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
