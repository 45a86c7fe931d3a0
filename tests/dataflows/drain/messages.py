"""Messages as librdkafka lays them out, made of plain memory; headers come from two functions of ours."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from schemas import names

_P = ctypes.c_void_p
_HeadersOf = ctypes.CFUNCTYPE(ctypes.c_int, _P, _P)
_LastOf = ctypes.CFUNCTYPE(ctypes.c_int, _P, ctypes.c_char_p, _P, _P)
NO_ENTRY = -156


class Message(ctypes.Structure):
    """rd_kafka_message_t of rdkafka.h."""

    _fields_ = [
        ("err", ctypes.c_int),
        ("rkt", _P),
        ("partition", ctypes.c_int32),
        ("payload", _P),
        ("len", ctypes.c_size_t),
        ("key", _P),
        ("key_len", ctypes.c_size_t),
        ("offset", ctypes.c_int64),
        ("private", _P),
    ]


@dataclass
class Messages:
    """Payloads as messages from offset 100 on; `kinds` are content-types by position."""

    payloads: list[bytes]
    kinds: dict[int, bytes] = field(default_factory=dict)
    errors: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lays them out."""
        self._raw = [ctypes.create_string_buffer(payload, max(len(payload), 1)) for payload in self.payloads]
        self._kinds = {
            place: ctypes.create_string_buffer(kind, max(len(kind), 1)) for place, kind in self.kinds.items()
        }
        self._messages = (Message * len(self.payloads))()
        for place, payload in enumerate(self.payloads):
            message = self._messages[place]
            message.err, message.offset = self.errors.get(place, 0), 100 + place
            message.payload, message.len = ctypes.addressof(self._raw[place]), len(payload)
        self._calls = (_HeadersOf(self._headers_of), _LastOf(self._last_of))

    @property
    def addresses(self) -> npt.NDArray[np.int64]:
        """Where they stand."""
        first, size = ctypes.addressof(self._messages), ctypes.sizeof(Message)
        return np.array([first + place * size for place in range(len(self.payloads))], np.int64)

    @property
    def functions(self) -> tuple[int, int]:
        """Addresses of the two functions."""
        headers, last = (ctypes.cast(call, _P).value or 0 for call in self._calls)
        return headers, last

    def _headers_of(self, message: int, out: int) -> int:
        place = (message - ctypes.addressof(self._messages)) // ctypes.sizeof(Message)
        if place not in self.kinds:
            return NO_ENTRY
        ctypes.c_uint64.from_address(out).value = place
        return 0

    def _last_of(self, place: int | None, name: bytes, value: int, size: int) -> int:
        if name.decode() != names.CONTENT_TYPE:
            return NO_ENTRY
        ctypes.c_uint64.from_address(value).value = ctypes.addressof(self._kinds[place or 0])
        ctypes.c_uint64.from_address(size).value = len(self.kinds[place or 0])
        return 0
