"""Plain data of steps to bytes and back: the same data give the same bytes, and nothing is run when they are read."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
import numpy as np

_ARRAY: Final = 1
"""MessagePack extension type of an array: its dtype, its shape and its bytes, little-endian, in C order."""

_KINDS: Final = frozenset("biuf")
"""Kinds of dtypes that states are made of."""


class PlainDataError(ValueError):
    """Bytes that are no plain data, or data that are not plain."""


def pack(value: Any) -> bytes:
    """MessagePack of tuples, dicts, numbers, text, bytes and arrays; NaNs keep their bits.

    Raises:
        PlainDataError: something else is in it.
    """
    return _ENCODER.encode(value)


def unpack(raw: bytes) -> Any:
    """The data again, sequences as tuples, arrays read-only.

    Raises:
        PlainDataError: not such bytes.
    """
    try:
        return _as_tuples(msgspec.msgpack.decode(raw, ext_hook=_read_array))
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as error:
        msg = f"no plain data: {error}"
        raise PlainDataError(msg) from error


def _write(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        flat = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode((flat.dtype.str, value.shape, flat.tobytes())))
    if isinstance(value, np.generic):
        return value.item()
    msg = f"{type(value).__name__} is not plain data"
    raise PlainDataError(msg)


def _read_array(code: int, raw: memoryview) -> np.ndarray[Any, Any]:
    if code != _ARRAY:
        msg = f"extension {code} is unknown"
        raise ValueError(msg)
    name, shape, body = msgspec.msgpack.decode(raw, type=tuple[str, tuple[int, ...], bytes])
    dtype = np.dtype(name)
    if dtype.kind not in _KINDS or math.prod(shape) * dtype.itemsize != len(body):
        msg = f"no array of {name} {shape}"
        raise ValueError(msg)
    return np.frombuffer(body, dtype).reshape(shape)


def _as_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_as_tuples, value))
    if isinstance(value, dict):
        return {key: _as_tuples(item) for key, item in value.items()}
    return value


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_write)
