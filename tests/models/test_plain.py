"""Plain data to bytes and back."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from models.plain import PlainDataError, pack, unpack
from tests.laws import canonical
from tests.models.samples import SAMPLES

DATA: dict[str, Any] = {
    "step": "rank",
    "layout": (("a", ("b", 1)), 2.5, None, True),
    "never": -(2**62),
    "nan": math.nan,
    "raw": b"\x00\xff",
    "floats": np.array([[1.0, math.nan], [-0.0, math.inf]]),
    "flags": np.array([True, False]),
    "ints": np.arange(6, dtype=np.int32)[::2],
    "nothing": np.empty((0, 3)),
    "scalar": np.float64(0.1),
}


def test_data_come_back_bit_by_bit() -> None:
    assert canonical(unpack(pack(DATA))) == canonical(DATA)
    assert pack(unpack(pack(DATA))) == pack(DATA)


@pytest.mark.parametrize("step", SAMPLES, ids=lambda step: step.__name__)
def test_every_step_goes_on_from_what_comes_back(step: type) -> None:
    sample = SAMPLES[step]
    kept, fresh, stream = sample.make(), sample.make(), sample.stream()
    half = len(stream) // 2
    for x in stream[:half]:
        kept.update(x)
    fresh.restore(unpack(pack(kept.snapshot())))
    for x in stream[half:]:
        assert canonical(fresh.update(x)) == canonical(kept.update(x))


def test_arrays_are_spelled_alike_whatever_their_memory() -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert pack(array) == pack(np.asfortranarray(array)) == pack(array.astype(">f8"))


@pytest.mark.parametrize("value", [object(), np.array([object()]), np.array(["text"]), 1j])
def test_what_is_not_plain_is_refused(value: object) -> None:
    with pytest.raises((PlainDataError, TypeError)):
        pack({"x": value})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        pack(DATA)[:-3],
        b"\xc1",
        msgspec.msgpack.encode(msgspec.msgpack.Ext(9, b"")),
        msgspec.msgpack.encode(msgspec.msgpack.Ext(1, msgspec.msgpack.encode(("|O8", (1,), b"12345678")))),
        msgspec.msgpack.encode(msgspec.msgpack.Ext(1, msgspec.msgpack.encode(("<f8", (9,), b"12345678")))),
        msgspec.msgpack.encode(msgspec.msgpack.Ext(1, b"nonsense")),
    ],
)
def test_other_bytes_are_no_plain_data(raw: bytes) -> None:
    with pytest.raises(PlainDataError, match="no plain data"):
        unpack(raw)
