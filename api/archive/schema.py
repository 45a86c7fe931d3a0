"""Brings the archive's tables to this version's form, with Alembic, one process at a time."""

from __future__ import annotations

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

MIGRATION_LOCK = 0x0E51_0001
"""Key of the advisory lock under which tables are changed."""


class SchemaError(RuntimeError):
    """The database was made by a later version of ESI; no retry helps."""


def migrate(url: str, timeout_s: float = 30) -> None:
    """Makes or updates the tables in the database at `url` (psycopg conninfo or URI); does nothing if they are right.

    Raises:
        SchemaError: the database is of a later version.
        psycopg.Error: PostgreSQL is away, or refuses.
    """

    def connect() -> psycopg.Connection[tuple[object, ...]]:
        settings = f"-c lock_timeout={int(timeout_s * 1000)} -c statement_timeout={int(timeout_s * 1000)}"
        return psycopg.connect(
            url, connect_timeout=5, client_encoding="utf8", application_name="esi-migrate", options=settings
        )

    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", "api.archive:migrations")
    config.set_main_option("path_separator", "os")
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()  # the lock is the session's and outlives this
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except CommandError as error:
        msg = f"the archive's tables are of a later version of ESI than this one: {error}"
        raise SchemaError(msg) from error
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from error
        raise
