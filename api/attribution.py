"""Why the index moved between any two readings: the sum of the exact splits that the finals between them carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import msgspec
from anyio.to_thread import run_sync

from api import splits
from api.history import History
from api.problems import Problem
from api.store import Wanted
from api.streams import Entry, Id
from schemas.reading import Details, Reading, decode_reading, entry_id, parse_rfc3339

PAGE: Final = 5_000
MOST: Final = 100_000
"""Finals between two readings at most."""


@dataclass(frozen=True)
class _End:
    id: Id
    body: bytes
    reading: Reading

    @property
    def said(self) -> splits.End:
        return splits.End(str(self.id), self.reading.at, self.reading.final, self.reading.index)


async def attribution(history: History, begin: Wanted, end: Wanted) -> splits.Attribution:
    """The split of the change from the newest reading that `begin` wants to the newest that `end` wants.

    Without `begin.until` it is from the final that the reading at the end was itself compared with.

    Raises:
        Problem: no reading at an end, or no index; the finals between them do not follow each other; a server is away.
    """
    to = await _end(history, end, "to")
    if begin.until is None:
        if to.reading.change is None:
            raise Problem(404, "Nothing to compare with", f"The reading of {to.reading.at} has no final before it.")
        since = Id.parse(entry_id(parse_rfc3339(to.reading.change.since), final=True))
        begin = replace(begin, until=Id(since.ms, since.seq + 1), final=True)
    origin = await _end(history, begin, "from")
    if origin.id >= to.id:
        raise Problem(422, "Bad parameter", f"from: its reading ({origin.id}) is not before that of to ({to.id})")
    epoch, added = await _sum(history, end.market, origin, to)
    assert origin.reading.index is not None  # as _end has seen
    assert to.reading.index is not None
    return splits.Attribution(
        market=end.market,
        epoch=epoch,
        from_=origin.said,
        to=to.said,
        splits=added.count,
        moved=added.moved(to.reading.index - origin.reading.index),
        segments=splits.parts(origin.reading.contributions, to.reading.contributions),
        indicators=await _indicators(history, end.market, origin, to),
    )


async def _end(history: History, wanted: Wanted, parameter: str) -> _End:
    found = await history.last(wanted)
    if found is None:
        raise Problem(404, "No reading there", f"{parameter}: {wanted.market!r} has no such reading at or before it.")
    reading = decode_reading(found.data)
    if reading.index is None:
        why = ", ".join(reading.flags) or "no information"
        raise Problem(404, "No index there", f"{parameter}: the reading of {reading.at} has no index ({why}).")
    return _End(found.id, found.data, reading)


async def _sum(history: History, market: str, origin: _End, to: _End) -> tuple[str, splits.Sum]:
    try:
        added = splits.Sum.behind(origin.body)
        epoch = await _add(history, Wanted(market, origin.id, to.id, final=True, limit=PAGE), added)
        added.end(to.body)
    except splits.GapError as error:
        raise Problem(409, "The finals do not follow each other", f"{error} See /audit.") from error
    return epoch, added


async def _add(history: History, wanted: Wanted, added: splits.Sum) -> str:
    """Adds the finals between; gives the epoch."""
    while True:
        page = await history.page(wanted)
        bodies = [entry.data for entry in page.entries]
        await run_sync(added.add, bodies)  # the sockets must not wait for it
        if added.count > MOST:
            raise Problem(422, "Bad parameter", f"from: more than {MOST} finals lie between it and to")
        if not page.more:
            return page.epoch
        wanted = replace(wanted, after=page.entries[-1].id)


async def _indicators(history: History, market: str, origin: _End, to: _End) -> list[splits.IndicatorPart] | None:
    """What each indicator gives at both ends; None where an end has no details, as provisional readings have none."""
    found = [await history.details(market, Id(end.id.ms, end.id.seq + 1)) for end in (origin, to)]
    before, after = (_rows(entry, end) for entry, end in zip(found, (origin, to), strict=True))
    return None if before is None or after is None else splits.indicator_parts(before, after)


def _rows(entry: Entry | None, end: _End) -> Details | None:
    return None if entry is None or entry.id != end.id else msgspec.json.decode(entry.data, type=Details)
