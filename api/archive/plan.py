"""Decides where to go on, what to trim and how long to wait. Pure: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.archive.ids import START, Id, following


@dataclass(frozen=True, slots=True)
class Position:
    """How far PostgreSQL has a stream: every entry of `epoch` up to and including `id`."""

    epoch: str
    id: Id


@dataclass(frozen=True, slots=True)
class Head:
    """What Redis says of a stream: its first id (None if empty), its length, entries ever added (None if unknown)."""

    first: Id | None
    length: int
    added: int | None


def resume(epoch: str, committed: Position | None) -> Id:
    """Where to read on: behind what is committed of this epoch; at the start of another."""
    if committed is None or committed.epoch != epoch:
        return START
    return committed.id


def has_gap(position: Id, head: Head) -> bool:
    """Whether entries behind `position` were removed before they were archived.

    Whoever trims leaves an archived entry, if he keeps to the rules; so a stream that has lost entries and whose first
    one is not archived yet has lost some that were not.
    """
    if head.added is None or head.added <= head.length:
        return False
    return head.first is None or head.first > following(position)


def trim_before(oldest: Sequence[Id], excess: int, committed: Id) -> Id | None:
    """The id before which a stream is cut (XTRIM MINID), or None to leave it alone.

    Args:
        oldest: the stream's oldest ids, ascending, from the very first.
        excess: how many entries the stream has beyond those to keep.
        committed: every entry up to this one is in PostgreSQL.
    """
    if excess <= 0 or not oldest:
        return None
    first_kept = oldest[excess] if excess < len(oldest) else following(oldest[-1])
    limit = min(first_kept, following(committed))
    return limit if limit > oldest[0] else None


def backoff(attempt: int, chance: float, base_s: float = 0.2, cap_s: float = 10.0) -> float:
    """Seconds to wait before try number `attempt` (from 0): doubling up to `cap_s`, half of it left to `chance` 0..1.

    Formula: equal jitter, `d / 2 + chance * d / 2` with `d = min(cap, base * 2**attempt)`.
    """
    delay = min(cap_s, base_s * 2.0 ** min(attempt, 30))
    return delay / 2 + chance * delay / 2
