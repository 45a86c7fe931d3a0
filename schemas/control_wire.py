"""Control records as JSON: checked as they are read, and before they are sent."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from schemas.control import MARKET_CHANGED, MODEL_PROMOTED, NOTE, Control
from schemas.json_wire import single
from schemas.rejects import Reason, UnreadableError

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,31}")
_EDITION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}@[1-9][0-9]{0,3}")
_LONGEST: Final = 500
"""Characters of a note."""

VALUE_FIELD: Final = {NOTE: "value", MODEL_PROMOTED: "version", MARKET_CHANGED: "version"}
"""Kinds, and the field that holds what each of them says of a name."""


class JsonControl(msgspec.Struct, omit_defaults=True):
    """A control record as JSON; unknown fields are ignored.

    Attributes:
        kind: `note`, a remark that the next final's details carry; `model_promoted`, a version to serve from now on; or
            `market_changed`, an edition that goes on for a market, which the next final's details say.
        market: the market that it is for; all of the feed where it is left out.
        name: of the remark (`note` where it is left out), of the model, or of the market.
        version: of the model, or the market's edition (`us@2`).
        value: text of the remark.
    """

    kind: str
    market: str | None = None
    name: str | None = None
    version: str | None = None
    value: str | None = None


_decoder: Final = msgspec.json.Decoder(JsonControl)


def decode_control(raw: bytes) -> Control:
    """A control record.

    Raises:
        UnreadableError: `unknown_kind`, `bad_control`, or no JSON object of these fields.
    """
    said: JsonControl = single(raw, _decoder)
    if said.kind not in VALUE_FIELD:
        raise UnreadableError(Reason.UNKNOWN_KIND, f"control {said.kind!r} is none of {', '.join(VALUE_FIELD)}")
    field = VALUE_FIELD[said.kind]
    name = NOTE if said.kind == NOTE and said.name is None else said.name
    value = getattr(said, field)
    if name is None or not _NAME.fullmatch(name):
        raise UnreadableError(Reason.BAD_CONTROL, f"name is {name!r}: give letters, digits and . _ : - (32 at most)")
    if value is None or not _is_value(said.kind, value):
        raise UnreadableError(Reason.BAD_CONTROL, f"{field} is {value!r}: give {_wanted(said.kind)}")
    return Control(said.kind, name, value, said.market)


def encode_control(control: Control) -> bytes:
    """A control record as JSON, without its time: that is where it comes to stand."""
    fields = {"kind": control.kind, "market": control.market, "name": control.name}
    return msgspec.json.encode(JsonControl(**fields, **{VALUE_FIELD[control.kind]: control.value}))  # type: ignore[arg-type] # kind is never None


def _is_value(kind: str, value: str) -> bool:
    if kind == NOTE:
        return 0 < len(value) <= _LONGEST and value.isprintable()
    return (_EDITION if kind == MARKET_CHANGED else _NAME).fullmatch(value) is not None


def _wanted(kind: str) -> str:
    return {
        NOTE: f"1 to {_LONGEST} printable characters",
        MODEL_PROMOTED: "letters, digits and . _ : - (32 at most)",
        MARKET_CHANGED: "a market and its edition, such as us@2",
    }[kind]
