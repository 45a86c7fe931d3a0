"""History as one list: what is archived from PostgreSQL, what is newer from Redis, no gap and nothing twice.

The order of the questions makes it true. First the position P that the archiver has committed; then Redis behind P;
then PostgreSQL. Whatever is not in the answer of Redis was trimmed before, so it was committed before (the archiver
trims only what it has committed), so PostgreSQL has it. What both have is the same entry under the same id.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from redis.asyncio import Redis

from api import streams
from api.problems import Problem, away
from api.store import GONE, Store, Wanted
from api.streams import AWAY, ZERO, Entry, Id
from schemas.reading import decode_reading

__all__ = ["History", "Page", "Wanted"]

_AT_ONCE = {"readings": streams.PAGE, "details": 100}
"""Entries in one answer of Redis; details of a large market take 60 kB each."""


@dataclass(frozen=True)
class Page:
    """Some readings in order.

    Attributes:
        epoch: identity of the market's streams, for `since`.
        entries: the readings.
        more: whether there are more behind them.
    """

    epoch: str
    entries: list[Entry]
    more: bool


class History:
    """The readings of every market.

    Args:
        commands: client of Redis.
        store: the archive, or None where there is none.
    """

    def __init__(self, commands: Redis, store: Store | None) -> None:
        self._commands, self._store = commands, store
        self._sinces: dict[tuple[str, str], str] = {}

    async def page(self, wanted: Wanted) -> Page:
        """The first readings that are wanted.

        Raises:
            Problem: a server is away without which there could be a gap.
        """
        asked = replace(await self.as_known(wanted), limit=wanted.limit + 1)
        committed = await self._committed(wanted.market, wanted.channel)
        tail = await self._tail(asked, committed)
        archived = await self._archived(asked) if committed is not None else None
        if tail is None:
            epoch, entries = self._from_archive_only(asked, committed, archived)
        else:
            epoch, entries = tail.epoch, _merge(asked, archived or [], tail.entries)
            if archived is None and self._store is not None and not tail.complete:
                raise away("PostgreSQL")
        return Page(epoch, entries[: wanted.limit], len(entries) > wanted.limit)

    async def last(self, wanted: Wanted) -> Entry | None:
        """The newest reading that is wanted, or None; `every` and `limit` do not count.

        Raises:
            Problem: a server is away that may have it.
        """
        return await self._last(await self.as_known(wanted))

    async def _last(self, wanted: Wanted) -> Entry | None:
        committed = await self._committed(wanted.market)
        try:
            epoch = (await streams.epochs(self._commands, [wanted.market]))[wanted.market]
            behind = _behind(wanted, epoch, committed)
            found = await _last_of_tail(self._commands, behind)
            extent = await streams.extent(self._commands, wanted.market, "readings")
        except AWAY as error:
            if committed is None or wanted.until is None or wanted.until > committed[1]:
                raise away("Redis") from error
            return await self._last_archived(wanted)
        if found is None and not (committed is None and extent.complete_after(behind.after)):
            return await self._last_archived(wanted)
        return found

    async def as_known(self, wanted: Wanted) -> Wanted:
        """The same, ending behind the newest reading that was published in time: nothing behind it is searched.

        Raises:
            Problem: a server is away that may have it.
        """
        if wanted.known_ns is None:
            return wanted
        newest = await self._last(Wanted(wanted.market, known_ns=wanted.known_ns))
        until = ZERO if newest is None else Id(newest.id.ms, newest.id.seq + 1)
        return replace(wanted, until=until if wanted.until is None else min(until, wanted.until))

    async def _last_archived(self, wanted: Wanted) -> Entry | None:
        try:
            return await self._store.last(wanted) if self._store is not None else None
        except GONE as error:
            raise away("PostgreSQL") from error

    async def _committed(self, market: str, channel: str = "readings") -> tuple[str, Id] | None:
        if self._store is None:
            return None
        try:
            return await self._store.position(market, channel)
        except GONE:
            return None

    async def _archived(self, wanted: Wanted) -> list[Entry] | None:
        try:
            return await self._store.readings(wanted) if self._store is not None else None
        except GONE:
            return None

    async def _tail(self, wanted: Wanted, committed: tuple[str, Id] | None) -> _Tail | None:
        """What Redis has behind the committed position; None if Redis is away."""
        try:
            epoch = (await streams.epochs(self._commands, [wanted.market]))[wanted.market]
            behind = _behind(wanted, epoch, committed)
            entries = await _read_tail(self._commands, behind)
            extent = await streams.extent(self._commands, wanted.market, wanted.channel)
        except AWAY:
            return None
        return _Tail(epoch, entries, extent.complete_after(behind.after))

    def _from_archive_only(
        self, wanted: Wanted, committed: tuple[str, Id] | None, archived: list[Entry] | None
    ) -> tuple[str, list[Entry]]:
        """What PostgreSQL can answer while Redis is away: only what lies wholly before the committed position."""
        if committed is None or archived is None:
            raise away("Redis")
        epoch, position = committed
        ends_before = wanted.until is not None and wanted.until <= position
        is_full = wanted.every is None and len(archived) == wanted.limit and archived[-1].id <= position
        if not (ends_before or is_full):
            raise away("Redis")
        return epoch, archived

    async def since(self, market: str, epoch: str) -> str | None:
        """Time of a market's first final, which stays as long as its streams do; None before it, or if nobody knows."""
        if (market, epoch) not in self._sinces:
            try:
                page = await self.page(Wanted(market, final=True, limit=1))
            except Problem:
                return None
            if not page.entries:
                return None
            self._sinces[market, epoch] = decode_reading(page.entries[0].data).at
        return self._sinces[market, epoch]

    async def details(self, market: str, until: Id | None = None) -> Entry | None:
        """What lies behind the last final (with `id < until`), or None before the first.

        Raises:
            Problem: neither Redis nor PostgreSQL answers.
        """
        try:
            newest, _ = await streams.preceding(self._commands, market, "details", until, count=1)
            if newest:
                return newest[0]
        except AWAY as error:
            if self._store is None:
                raise away("Redis") from error
        try:
            return await self._store.details(market, until) if self._store is not None else None
        except GONE as error:
            raise away("PostgreSQL") from error


@dataclass(frozen=True)
class _Tail:
    epoch: str
    entries: list[Entry]
    complete: bool


def _behind(wanted: Wanted, epoch: str, committed: tuple[str, Id] | None) -> Wanted:
    """What is wanted behind the committed position.

    Of another epoch the archiver has not met the stream yet, and its position says nothing about it.
    """
    begin = committed[1] if committed is not None and committed[0] == epoch else ZERO
    return replace(wanted, after=max(begin, wanted.after))


async def _last_of_tail(commands: Redis, wanted: Wanted) -> Entry | None:
    """The newest wanted entry of a stream."""
    before = wanted.until
    while True:
        page, before = await streams.preceding(commands, wanted.market, "readings", before, after=wanted.after)
        for entry in page:
            if wanted.includes(entry):
                return entry
        if before is None:
            return None


async def _read_tail(commands: Redis, wanted: Wanted) -> list[Entry]:
    """The first wanted entries of a stream, at most `limit` of them."""
    found: dict[Id | int, Entry] = {}
    position: Id | None = wanted.after
    while position is not None and len(found) <= wanted.limit:
        page, position = await streams.following(
            commands, wanted.market, wanted.channel, position, count=_AT_ONCE[wanted.channel], until=wanted.until
        )
        for entry in page:
            if wanted.includes(entry):
                found[wanted.interval(entry.id) if wanted.every else entry.id] = entry
    # one interval more than wanted has begun, or nothing follows: the last one wanted is complete
    return list(found.values())[: wanted.limit]


def _merge(wanted: Wanted, archived: list[Entry], tail: list[Entry]) -> list[Entry]:
    """Both lists as one, in order; under the same id the archived entry stands, which was there first."""
    if wanted.every is None:
        entries = {entry.id: entry for entry in (*tail, *archived)}
        return [entries[key] for key in sorted(entries)][: wanted.limit]
    last: dict[int, Entry] = {}
    for entry in sorted((*tail, *archived), key=lambda entry: entry.id):
        last[wanted.interval(entry.id)] = entry
    return [last[key] for key in sorted(last)][: wanted.limit]
