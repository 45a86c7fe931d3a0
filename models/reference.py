"""The reference artifact: a market's state after its history and its own finals since the beginning, as one file."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from models.plain import PlainDataError, pack, unpack
from models.publication import Published, version_of
from models.signals.bars import BarFold
from models.signals.merge import BarMerge
from models.signals.step import State
from schemas.market import Market
from schemas.reading import decode_reading, entry_id, parse_rfc3339, seal
from schemas.reference import MANIFEST, Manifest, Member, ReferenceFileError, damaged, decode_manifest

_LEVEL: Final = 19
"""Of zstd: built once, read often."""

_MOST: Final = 1 << 30
"""Bytes that a part may have; more is no artifact of ours."""

_AT: Final = (1980, 1, 1, 0, 0, 0)
"""Time stamp of the parts: the same content is the same file."""

_CODEC: Final = pa.Codec("zstd", _LEVEL)


@dataclass(frozen=True)
class Reference:
    """The artifact.

    Attributes:
        manifest: what it is and what made it.
        state: `fold`, the state of the feed's one partition, and `pipeline`, that of the steps by their names.
        finals: canonical bytes of the readings, in order; the first one begins the hash chain.
        details: canonical bytes of the last final's details.
    """

    manifest: Manifest
    state: State
    finals: tuple[bytes, ...]
    details: bytes


def encode(reference: Reference) -> bytes:
    """The file: a zip of `manifest.json` and the parts, each compressed by zstd."""
    parts = {
        "state.msgpack": pack(reference.state),
        "finals.jsonl": b"\n".join(reference.finals),
        "details.json": reference.details,
    }
    members = {name: Member(len(raw), hashlib.sha256(raw).hexdigest()) for name, raw in parts.items()}
    manifest = msgspec.structs.replace(reference.manifest, members=members)
    told = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_entry(MANIFEST), told)
        for name, raw in parts.items():
            archive.writestr(_entry(f"{name}.zst"), _CODEC.compress(raw).to_pybytes())
    return file.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _AT)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    return entry


def decode(raw: bytes, origin: Path | str) -> Reference:
    """The artifact from its file; every part is checked against the manifest.

    Raises:
        ReferenceFileError: damaged, truncated, or of a later format; the message calls the file `origin`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            manifest = decode_manifest(archive.read(MANIFEST), origin)
            parts = {name: _part(archive, name, member) for name, member in manifest.members.items()}
        finals = tuple(parts["finals.jsonl"].split(b"\n"))
        return Reference(manifest, unpack(parts["state.msgpack"]), finals, parts["details.json"])
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, PlainDataError, pa.ArrowException) as error:
        raise damaged(origin, str(error)) from error


def _part(archive: zipfile.ZipFile, name: str, member: Member) -> bytes:
    if not 0 <= member.size <= _MOST:
        msg = f"{name} has {member.size} bytes"
        raise zipfile.BadZipFile(msg)
    raw: bytes = _CODEC.decompress(archive.read(f"{name}.zst"), member.size, asbytes=True)
    if hashlib.sha256(raw).hexdigest() != member.sha256:
        msg = f"{name} is not what the manifest says"
        raise zipfile.BadZipFile(msg)
    return raw


def check_market(reference: Reference, market: Market, origin: Path | str) -> None:
    """Whether the artifact belongs to this market as this release computes it.

    Raises:
        ReferenceFileError: it does not; the message says how to build it anew.
    """
    wanted, found = (market.name, version_of(market)), (reference.manifest.market, reference.manifest.version)
    if found != wanted:
        msg = (
            f"{origin}: is of market {found[0]!r}, version {found[1]}, but the market file and this release make "
            f"{wanted[0]!r}, version {wanted[1]}. Build it anew from its inputs (`esi reference build --market "
            f"{wanted[0]} --inputs PANEL --macro DIR`, or `make reference`), or take the file away to start without it"
        )
        raise ReferenceFileError(msg)


def check_chain(reference: Reference, origin: Path | str) -> None:
    """Whether each final's hash covers it and the one before, up to the head that the manifest names.

    Raises:
        ReferenceFileError: the first final that breaks the chain.
    """
    before = ""
    for raw in reference.finals:
        final = decode_reading(raw)
        if final.prev_hash != before or seal(final, before).hash != final.hash:
            msg = f"{origin}: the hash chain breaks at the final of {final.at}: build the artifact anew"
            raise ReferenceFileError(msg)
        before = final.hash
    if before != reference.manifest.head or len(reference.finals) != reference.manifest.finals:
        msg = f"{origin}: its finals do not end where the manifest says: build the artifact anew"
        raise ReferenceFileError(msg)


def published(reference: Reference) -> list[Published]:
    """The finals as the flow would publish them; the last one with its details."""
    found = []
    for raw in reference.finals:
        at_us = parse_rfc3339(decode_reading(raw).at)
        found.append(Published(raw, None, None, at_us, True, entry_id(at_us, final=True)))
    *before, last = found
    return [*before, Published(last.reading, reference.details, None, last.at_us, True, last.id)]


def stage_states(reference: Reference, partitions: int) -> dict[str, State]:
    """State of every step by its name, for a feed of so many partitions."""
    states: dict[str, Any] = dict(reference.state["pipeline"])
    return states | {"merge": BarMerge.spread(states["merge"], partitions)}


def fold_state(reference: Reference, market: Market, partition: int) -> State:
    """State of one partition of the feed: all know the last prices, the first one has what was not public yet."""
    fold, kept = BarFold(market), reference.state["fold"]
    fold.restore(kept)
    if partition:
        fold.forget_open()
    return fold.snapshot() | {"values": kept["values"]}  # nothing is sent again: the last prices stay
