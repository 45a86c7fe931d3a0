"""How a message is put on the wire: JSON texts or MessagePack, whole or as what changed; framed once for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

TEXT, BINARY = 0x81, 0x82
"""First byte of an unfragmented frame (RFC 6455, section 5.2)."""


def pre_frame(payload: bytes, first: int = TEXT) -> bytes:
    """The payload as one unfragmented, unmasked WebSocket frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


class Encoding(NamedTuple):
    """One way to spell messages.

    Attributes:
        name: as clients ask for it.
        binary: whether its frames are binary ones.
    """

    name: str
    binary: bool

    def message(self, fields: Mapping[str, Any]) -> bytes:
        """A message without data, ready for the wire."""
        return pre_frame(msgspec.msgpack.encode(fields), BINARY) if self.binary else _text(fields)

    def carrying(self, fields: Mapping[str, Any], data: bytes | None) -> bytes:
        """A message whose `data` are canonical JSON bytes, None for null; JSON carries them unchanged."""
        if self.binary:
            return self.message({**fields, "data": None if data is None else msgspec.json.decode(data)})
        return _text({**fields, "data": None if data is None else msgspec.Raw(data)})


def _text(fields: Mapping[str, Any]) -> bytes:
    return pre_frame(msgspec.json.encode(fields))


JSON: Final = Encoding("json", binary=False)
MSGPACK: Final = Encoding("msgpack", binary=True)
ENCODINGS: Final = {encoding.name: encoding for encoding in (JSON, MSGPACK)}


def changes(before: bytes, after: bytes) -> dict[str, Any]:
    """What makes one JSON object of another: `data` has the fields to set, `gone` (if any) those to forget.

    Fields of the first level only: one that changed inside comes whole. JSON Merge Patch (RFC 7396) would not do,
    because its null means "forget", and here null is a value.
    """
    old: dict[str, Any] = msgspec.json.decode(before)
    new: dict[str, Any] = msgspec.json.decode(after)
    found: dict[str, Any] = {"data": {name: new[name] for name in new if name not in old or old[name] != new[name]}}
    if gone := [name for name in old if name not in new]:
        found["gone"] = gone
    return found
