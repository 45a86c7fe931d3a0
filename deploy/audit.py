"""`esi audit`: whether a market's finals are the ones that were published, all of them, in their order."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from deploy.options import Data, Json, Postgres, Redis
from deploy.settings import Settings, load
from deploy.state import Up
from deploy.status import hide_password
from schemas.chain import Audit
from schemas.reading import parse_when

if TYPE_CHECKING:
    from api.history import History

_WITHOUT_ARCHIVE = "Without an archive (ESI_POSTGRES_URL): only what Redis holds is audited."


class AuditError(RuntimeError):
    """An audit that cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Asked:
    """What is to be audited: a market's finals with `begin <= t < end`, milliseconds since 1970, None for no bound."""

    market: str
    begin: int | None = None
    end: int | None = None


def audit(
    market: Annotated[str, typer.Argument(help="Name of the market, with its run after ~ if it is a replay.")],
    begin: Annotated[str | None, typer.Option("--from", help="Earliest time, such as 2008-09-15.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Time before which it ends.")] = None,
    as_json: Json = False,
    data: Data = None,
    redis_url: Redis = None,
    postgres_url: Postgres = None,
) -> None:
    """Verifies the hash chain of a market's finals, archived and live. Exit status 1 if it is broken."""
    settings = load({"data_dir": data, "redis_url": redis_url, "postgres_url": postgres_url})
    asked = Asked(market, _milliseconds("--from", begin), _milliseconds("--to", end))
    found = asyncio.run(run(asked, *addresses(settings), _progress))
    sys.stderr.write("\r\x1b[K" if sys.stderr.isatty() else "")
    typer.echo(msgspec.json.encode(found).decode() if as_json else shown(found))
    raise typer.Exit(0 if found.ok else 1)


def addresses(settings: Settings) -> tuple[str, str | None]:
    """Redis and PostgreSQL: of the settings, or of the data folder's `esi up`.

    Raises:
        AuditError: no Redis is named.
    """
    if settings.redis_url is not None:
        postgres = settings.postgres_url
        return settings.redis_url.get_secret_value(), None if postgres is None else postgres.get_secret_value()
    up = Up.read(settings.data_dir)
    if up is None or up.redis_url is None:
        msg = f"nothing runs in {settings.data_dir}: set ESI_REDIS_URL and ESI_POSTGRES_URL, or give --data"
        raise AuditError(msg)
    return up.redis_url, up.postgres_url


async def run(
    asked: Asked, redis_url: str, postgres_url: str | None, tell: Callable[[int, str], None] | None = None
) -> Audit:
    """Audits a market; `tell` hears how many finals hold so far, and the time of the last of them.

    Raises:
        AuditError: a server is away, or nobody published a final of this market in this span.
    """
    from api import audit as api
    from api.store import LAST_SEQ, Wanted
    from api.streams import ZERO, Id

    after = Id(asked.begin - 1, LAST_SEQ) if asked.begin else ZERO
    until = None if asked.end is None else Id(asked.end, 0)
    async with _history(redis_url, postgres_url) as (history, commands):
        wanted = Wanted(asked.market, after, until, limit=sys.maxsize)
        found = await api.audit(history, commands, wanted, tell)
    if not found.count and found.ok:
        msg = f"no final of {asked.market!r} was published in this span: `esi markets` and /v1/markets list names"
        raise AuditError(msg)
    return found


@contextlib.asynccontextmanager
async def _history(redis_url: str, postgres_url: str | None) -> AsyncIterator[tuple[History, Any]]:
    """History over servers that answer; whatever goes away meanwhile is said with its address."""
    from api import history, problems, streams
    from api.store import GONE, Store

    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # that it tries again is no news here
    commands, store = streams.connect(redis_url), None if postgres_url is None else Store(postgres_url)
    if store is None:
        sys.stderr.write(_WITHOUT_ARCHIVE + "\n")
    try:
        if store is not None:
            await store.open()
            await store.ping()
        yield history.History(commands, store), commands
    except GONE as error:
        raise _away("PostgreSQL", postgres_url) from error
    except streams.AWAY as error:
        raise _away("Redis", redis_url) from error
    except problems.Problem as error:
        raise AuditError(error.detail) from error
    finally:
        if store is not None:
            await store.close()
        await commands.aclose()


def _away(what: str, url: str | None) -> AuditError:
    told = f"{what} does not answer at {hide_password(url)}: start it (`esi up`), or name another (`esi audit --help`)"
    return AuditError(told)


def shown(found: Audit) -> str:
    """An audit for people."""
    held = f"{found.count} finals hold"
    if found.first is not None and found.last is not None:
        held += f", {found.first.at} to {found.last.at}"
    lines = [f"{found.market}: {held}", f"head  {found.head or 'none'}"]
    lines += [f"made by {one.version}: {one.count} finals since {one.since}" for one in found.versions]
    if found.broken is not None:
        lines.insert(0, f"BROKEN at {found.broken.id} ({found.broken.kind}): {found.broken.what}")
    return "\n".join(lines)


def _milliseconds(flag: str, text: str | None) -> int | None:
    try:
        return None if text is None else parse_when(text)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(str(error), param_hint=flag) from error


def _progress(count: int, at: str) -> None:
    """One line that moves, on standard error."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{count} finals hold, up to {at} ")
        sys.stderr.flush()
