"""A market's finals, read wherever they are, and verified as one chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
from anyio.to_thread import run_sync
from redis.asyncio import Redis

from api import streams
from api.history import History
from api.store import Wanted
from api.streams import ZERO, Entry, Id
from schemas.chain import Audit, Chain, Link, link_of

PAGE = 5_000
"""Finals read at once."""


async def audit(
    history: History,
    commands: Redis,
    wanted: Wanted,
    tell: Callable[[int, str], None] | None = None,
) -> Audit:
    """Verifies at most `wanted.limit` finals with `after < id < until`, the first of them over the one before it.

    Args:
        history: the archive, and behind what is committed of it the live stream.
        commands: client of Redis, which knows the newest final.
        wanted: whose finals, and which.
        tell: told the number of finals that hold, and the time of the last of them, now and then.

    Raises:
        Problem: a server is away without which there could be a gap.
    """
    newest = (await streams.latest(commands, wanted.market)).get(b"final_id")
    chain, left = Chain(wanted.market, await _before(history, wanted)), wanted.limit
    while True:
        page = await history.page(replace(wanted, final=True, limit=min(PAGE, left)))
        holds = await run_sync(_take, chain, page.entries)  # the sockets must not wait for it
        left -= len(page.entries)
        if tell is not None and chain.last is not None:
            tell(chain.count, chain.last.at)
        if not (page.more and holds and left):
            break
        wanted = replace(wanted, after=page.entries[-1].id)
    if page.more and holds:
        return msgspec.structs.replace(chain.audit(), next=str(page.entries[-1].id))
    if wanted.until is None and newest:
        chain.miss(newest.decode())
    return chain.audit()


def _take(chain: Chain, entries: Sequence[Entry]) -> bool:
    return all(chain.take(str(entry.id), entry.data) for entry in entries)


async def _before(history: History, wanted: Wanted) -> Link | None:
    """The final before the first one, which that must have been sealed behind."""
    if wanted.after == ZERO:
        return None
    until = Id(wanted.after.ms, wanted.after.seq + 1)
    found = await history.last(Wanted(wanted.market, until=until, final=True))
    return None if found is None else link_of(str(found.id), found.data)
