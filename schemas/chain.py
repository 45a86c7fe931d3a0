"""The hash chain of a market's finals, verified from the bytes as they were published."""

from __future__ import annotations

import hashlib
import re
from typing import Final, Literal, NamedTuple

import msgspec

from schemas.reading import Reading, decode_reading, entry_id, parse_rfc3339

Kind = Literal[
    "altered", "foreign", "reordered", "out_of_order", "missing_predecessor", "begun_anew", "gap", "truncated"
]

_SEALED: Final = re.compile(rb',"prev_hash":"([0-9a-f]{64}|)","hash":"([0-9a-f]{64})"\}\Z')
_END: Final = len('"}')
_HASH: Final = 64


class Link(msgspec.Struct, frozen=True):
    """One final in its chain: its stream id, the end of its period (UTC, RFC 3339), its hash."""

    id: str
    at: str
    hash: str


class Broken(msgspec.Struct, frozen=True):
    """The first entry that does not hold, and what is wrong with it in a word and in a sentence.

    `altered`: it does not have the content that its hash was made of. `foreign`: it is a final of another market.
    `reordered`: it stands under the id of another time. `out_of_order`: it is not later than the entry before it.
    `missing_predecessor`: it is the first one, and what it was sealed behind is gone. `begun_anew`: it begins a chain,
    and stands behind another. `gap`: what it was sealed behind is not the entry before it, which was replaced, or
    followed by one that is gone. `truncated`: finals were published behind it that are gone.
    """

    id: str
    kind: Kind
    what: str


class Version(msgspec.Struct):
    """Finals of one version: the time of the first of them, and how many there are."""

    version: str
    since: str
    count: int


class Audit(msgspec.Struct, frozen=True):
    """What an audit found.

    Attributes:
        market: whose chain it is.
        ok: whether every entry holds.
        count: how many entries hold, up to the first broken one.
        first: the first of them, None if there is none.
        last: the last of them.
        head: hash of the last; it stands for everything before it.
        versions: what made them, in the order of time.
        broken: the first entry that does not hold, or None.
        next: `cursor` to go on with, None where the audit came to its end.
    """

    market: str
    ok: bool
    count: int
    first: Link | None
    last: Link | None
    head: str
    versions: list[Version]
    broken: Broken | None
    next: str | None = None


class _Fault(NamedTuple):
    kind: Kind
    what: str


def digest(raw: bytes) -> str:
    """SHA-256 over the canonical bytes of a final with its hash left empty, as `schemas.reading.seal` makes it.

    It is taken of the bytes, not of what they are read as: fields of a later release are covered too.
    """
    return hashlib.sha256(raw[: -_HASH - _END] + raw[-_END:]).hexdigest()


class Chain:
    """Takes the finals of one market, one after the other, until one does not hold.

    Attributes:
        count: how many held.
        first: the first of them.
        last: the last of them.
        broken: the one that did not hold, or None.
    """

    def __init__(self, market: str, behind: Link | None = None) -> None:
        """Of a market; `behind` is the final before the first one, None where the chain begins with it."""
        self._market, self._behind = market, behind
        self.count = 0
        self.first: Link | None = None
        self.last: Link | None = None
        self.broken: Broken | None = None
        self._versions: list[Version] = []

    def take(self, id_: str, raw: bytes) -> bool:
        """Whether the next entry holds, as every one before it; a broken chain stays broken."""
        if self.broken is not None:
            return False
        fault = self._fault(id_, raw)
        if fault is not None:
            self.broken = Broken(id_, fault.kind, fault.what)
        return fault is None

    def miss(self, id_: str) -> None:
        """Says that a final of this id was published; it should have been taken by now."""
        if self.broken is None and (self.last is None or _order(id_) > _order(self.last.id)):
            what = f"the market's newest final is {id_}, which is gone: what was published behind this one was deleted"
            self.broken = Broken(id_ if self.last is None else self.last.id, "truncated", what)

    def audit(self) -> Audit:
        """What was found so far."""
        head = "" if self.last is None else self.last.hash
        return Audit(
            self._market, self.broken is None, self.count, self.first, self.last, head, self._versions, self.broken
        )

    def _fault(self, id_: str, raw: bytes) -> _Fault | None:
        sealed = _SEALED.search(raw)
        if sealed is None:
            return _Fault("altered", "its bytes are no sealed final any more")
        said = sealed[2].decode()
        if (found := digest(raw)) != said:
            return _Fault("altered", f"its content gives the hash {found}, and it says {said}")
        reading = _decoded(raw)
        if reading is None:
            return _Fault("altered", "its bytes are no reading")
        link = Link(id_, reading.at, said)
        fault = self._misplaced(link, reading) or self._unlinked(link, reading.prev_hash)
        if fault is None:
            self._extend(link, reading)
        return fault

    def _misplaced(self, link: Link, reading: Reading) -> _Fault | None:
        if reading.market != self._market:
            return _Fault("foreign", f"it is a final of {reading.market!r}")
        own = entry_id(parse_rfc3339(reading.at), final=True)
        if not reading.final or link.id != own:
            return _Fault("reordered", f"it is the final of {reading.at}, whose id is {own}")
        return None

    def _unlinked(self, link: Link, prev_hash: str) -> _Fault | None:
        before = self.last or self._behind
        if before is None:
            what = f"it was sealed behind {prev_hash}, which is gone, and everything before it"
            return _Fault("missing_predecessor", what) if prev_hash else None
        if _order(link.id) <= _order(before.id):
            return _Fault("out_of_order", f"it is not later than {before.id}, the entry before it")
        if prev_hash == before.hash:
            return None
        if not prev_hash:
            return _Fault("begun_anew", f"it begins a chain of its own behind {before.id}, where another one ends")
        what = f"it was sealed behind {prev_hash}; the entry before it is {before.id} with the hash {before.hash}"
        return _Fault("gap", what)

    def _extend(self, link: Link, reading: Reading) -> None:
        self.first, self.last, self.count = self.first or link, link, self.count + 1
        if not self._versions or self._versions[-1].version != reading.version:
            self._versions.append(Version(reading.version, reading.at, 0))
        self._versions[-1].count += 1


def link_of(id_: str, raw: bytes) -> Link | None:
    """A final as a link, None if it is not sealed; its content is not verified."""
    sealed, reading = _SEALED.search(raw), _decoded(raw)
    return None if sealed is None or reading is None else Link(id_, reading.at, sealed[2].decode())


def _decoded(raw: bytes) -> Reading | None:
    try:
        reading = decode_reading(raw)
        parse_rfc3339(reading.at)
    except (msgspec.DecodeError, ValueError):
        return None
    return reading


def _order(id_: str) -> tuple[int, int]:
    ms, _, seq = id_.partition("-")
    return int(ms), int(seq or 0)
