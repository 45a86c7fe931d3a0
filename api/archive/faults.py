"""Names what went wrong, so that one word stands in the log and in the metric. Pure."""

from __future__ import annotations

from typing import Final, Literal

import psycopg
from psycopg import errors
from redis import exceptions

from api.archive.streams import ContestedError, is_lost_group

Fault = Literal[
    "redis_login", "redis_full", "redis_disk", "redis_away", "group_lost", "redis_refused", "contested",
    "postgres_full", "postgres_slow", "postgres_login", "postgres_away", "postgres_refused",
]  # fmt: skip

REMEDY: Final[dict[Fault, str]] = {
    "redis_login": "check the password in the Redis URL",
    "redis_full": "give Redis more memory; entries that are archived are trimmed as soon as it answers",
    "redis_disk": "free disk space for Redis; entries are archived as soon as it can write",
    "redis_away": "start Redis, or check its URL",
    "group_lost": "nothing to do: the streams began anew or lost the group; reading goes on from the archive",
    "redis_refused": "see the detail",
    "contested": "stop whoever else reads in the group `archive`",
    "postgres_full": "free disk space for PostgreSQL; entries wait in Redis",
    "postgres_slow": "see what holds PostgreSQL up; entries wait in Redis",
    "postgres_login": "check user and password in the PostgreSQL URL",
    "postgres_away": "start PostgreSQL, or check its URL; entries wait in Redis",
    "postgres_refused": "see the detail; entries wait in Redis",
}


def name(error: Exception) -> Fault | None:
    """The fault that waiting and trying again can heal; None for anything else, which must stop the process."""
    if isinstance(error, ContestedError):
        return "contested"
    if isinstance(error, exceptions.RedisError):
        return _of_redis(error)
    if isinstance(error, psycopg.Error):
        return _of_postgres(error)
    if isinstance(error, TimeoutError):
        return "postgres_slow"
    return "redis_away" if isinstance(error, ConnectionError) else None


def _of_redis(error: exceptions.RedisError) -> Fault:
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return "redis_login"
    if isinstance(error, exceptions.OutOfMemoryError):
        return "redis_full"
    if str(error).startswith("MISCONF"):
        return "redis_disk"
    if isinstance(error, exceptions.ConnectionError | exceptions.TimeoutError):
        return "redis_away"
    return "group_lost" if is_lost_group(error) else "redis_refused"


def _of_postgres(error: psycopg.Error) -> Fault:
    if isinstance(error, errors.DiskFull):
        return "postgres_full"
    if isinstance(error, errors.InvalidPassword | errors.InvalidAuthorizationSpecification):
        return "postgres_login"
    if isinstance(error, errors.QueryCanceled | errors.LockNotAvailable):
        return "postgres_slow"
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        # libpq gives no code for a refused login, only its text
        return "postgres_login" if "authentication failed" in str(error) else "postgres_away"
    return "postgres_refused"
