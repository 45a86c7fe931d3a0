"""The names of a feed as codes, and the dictionaries of Arrow records translated to them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.rejects import Reason, UnreadableError
from schemas.ticks import UNKNOWN

BAD_NAME: Final = -2
"""Code of a name that no instrument can have (control characters, or nothing at all)."""

_LONGEST_KEPT: Final = 1 << 20
"""Bytes of a dictionary from which on it is translated anew each time: what is remembered stays small."""


class Instruments:
    """The names a feed knows, as codes; remembers the dictionaries it has seen, so that each is translated once."""

    def __init__(self, names: tuple[str, ...], remembered: int = 16) -> None:
        self.names = names
        self.codes = {name: code for code, name in enumerate(names)}
        self._seen: OrderedDict[bytes, npt.NDArray[np.int32]] = OrderedDict()
        self._remembered = remembered
        self._last: tuple[int, int, list[Any], npt.NDArray[np.int32]] | None = None

    def code(self, name: str) -> int:
        """Code of a name: its position, `UNKNOWN`, or `BAD_NAME`."""
        code = self.codes.get(name)
        return code if code is not None else UNKNOWN if name and name.isprintable() else BAD_NAME

    def of_dictionary(self, dictionary: Any) -> npt.NDArray[np.int32]:
        """Codes of an Arrow dictionary's entries, int32[entries]."""
        buffers = dictionary.buffers()
        last = self._last
        if last is not None and last[:2] == (len(dictionary), dictionary.offset) and _same(last[2], buffers):
            return last[3]  # nearly always, and ten thousand names are compared sooner than hashed
        valid, offsets, data = (buffer or b"" for buffer in buffers)
        key = b"%d:%d:%d:%d:" % (len(dictionary), dictionary.offset, len(valid), len(offsets))
        key = b"".join((key, valid, offsets, data))
        codes = self._seen.get(key)
        if codes is None:
            validate(dictionary)
            codes = np.array([self.code(name or "") for name in dictionary.to_pylist()], np.int32)
        if len(key) <= _LONGEST_KEPT:
            self._remember(key, codes)
            self._last = (len(dictionary), dictionary.offset, [_copy(buffer) for buffer in buffers], codes)
        return codes

    def _remember(self, key: bytes, codes: npt.NDArray[np.int32]) -> None:
        self._seen[key] = codes
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)


def _copy(buffer: Any) -> Any:
    """The bytes alone, without the record that they are a part of."""
    return None if buffer is None else pa.py_buffer(buffer.to_pybytes())


def _same(before: list[Any], now: list[Any]) -> bool:
    """Whether an array's buffers hold the same bytes."""
    return all((a is None) == (b is None) and (a is None or a.equals(b)) for a, b in zip(before, now, strict=True))


def validate(text: Any) -> None:
    """Every byte of names that are seen for the first time, before anything reads them."""
    try:
        text.validate(full=True)
    except pa.ArrowException as error:
        raise UnreadableError(Reason.MALFORMED, f"column 'instrument' is broken: {error}") from error
