"""Frames that a client sends, however they are cut: checked, counted and forgotten, for the feed takes no messages.

RFC 6455, sections 5 and 7.4. A whole message is never put together; what is kept is one frame at most.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NORMAL, PROTOCOL_ERROR, NO_STATUS, BAD_TEXT, TOO_BIG = 1000, 1002, 1005, 1007, 1009

_KNOWN: Final = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_CLOSE_CODES: Final = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015)))


class ProtocolFault(Exception):  # noqa: N818  (it is the peer's fault, not an error of ours)
    """The connection must be failed.

    Attributes:
        code: close code.
        reason: what was wrong.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class _Frame(NamedTuple):
    opcode: int
    final: bool
    payload: bytes


class Inbound:
    """Reads the frames of one client.

    Attributes:
        frames: how many were read; whoever counts by the minute sets it back to 0.

    Args:
        limit: bytes that a message may have, all of its fragments together.
    """

    __slots__ = ("_decoder", "_limit", "_opcode", "_pending", "_size", "frames")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pending = b""
        self._opcode = CONTINUATION  # of the message that is under way, CONTINUATION for none
        self._size = 0
        self._decoder: codecs.IncrementalDecoder | None = None
        self.frames = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """What has come in whole: (CLOSE | PING | PONG, payload), or (TEXT | BINARY, empty) at the end of a message.

        Raises:
            ProtocolFault: the peer breaks the protocol; nothing more may be fed.
        """
        data, position = self._pending + data, 0
        while (found := self._next(data, position)) is not None:
            frame, position = found
            self.frames += 1
            if frame.opcode >= CLOSE:
                yield frame.opcode, frame.payload
            elif (ended := self._message(frame)) is not None:
                yield ended, b""
        self._pending = data[position:]

    def _next(self, data: bytes, at: int) -> tuple[_Frame, int] | None:
        """The whole frame that begins at a position, unmasked, and where it ends; None if there is none yet."""
        if len(data) < at + 2:
            return None
        first, size, start = data[at], data[at + 1] & 0x7F, at + 2
        _check_head(first, data[at + 1])
        if size >= 126:
            start = at + (4 if size == 126 else 10)
            if len(data) < start:
                return None
            size = int.from_bytes(data[at + 2 : start], "big")
        opcode = first & 0x0F
        if opcode < CLOSE and self._size + size > self._limit:
            raise ProtocolFault(TOO_BIG, f"messages of more than {self._limit} bytes are not read")
        end = start + 4 + size
        if len(data) < end:
            return None
        payload = _unmasked(data[start : start + 4], data[start + 4 : end])
        return _Frame(opcode, bool(first & 0x80), payload), end

    def _message(self, frame: _Frame) -> int | None:
        """Takes one fragment; gives the message's opcode when it was the last."""
        if (frame.opcode == CONTINUATION) is (self._opcode == CONTINUATION):
            raise ProtocolFault(PROTOCOL_ERROR, "a fragment without a beginning, or a beginning within fragments")
        opcode = self._opcode = frame.opcode or self._opcode
        self._size += len(frame.payload)
        if opcode == TEXT:
            self._check_text(frame)
        if not frame.final:
            return None
        self._opcode, self._size, self._decoder = CONTINUATION, 0, None
        return opcode

    def _check_text(self, frame: _Frame) -> None:
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            self._decoder.decode(frame.payload, frame.final)
        except UnicodeDecodeError as error:
            raise ProtocolFault(BAD_TEXT, "a text that is not UTF-8") from error


def _check_head(first: int, second: int) -> None:
    if first & 0x70:
        raise ProtocolFault(PROTOCOL_ERROR, "reserved bits are set, and no extension was agreed")
    if first & 0x0F not in _KNOWN:
        raise ProtocolFault(PROTOCOL_ERROR, "an unknown opcode")
    if not second & 0x80:
        raise ProtocolFault(PROTOCOL_ERROR, "clients mask their frames")
    if first & 0x08 and (not first & 0x80 or second & 0x7F > 125):
        raise ProtocolFault(PROTOCOL_ERROR, "a control frame in fragments, or of more than 125 bytes")


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def close_code(payload: bytes) -> int:
    """Code of a close frame, NO_STATUS for an empty one.

    Raises:
        ProtocolFault: no such code, half of one, or a reason that is not UTF-8.
    """
    if not payload:
        return NO_STATUS
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code < 5000):
        raise ProtocolFault(PROTOCOL_ERROR, "a close code that may not be sent")
    try:
        payload[2:].decode()
    except UnicodeDecodeError as error:
        raise ProtocolFault(BAD_TEXT, "a reason that is not UTF-8") from error
    return code


def close_frame(code: int, reason: str) -> bytes:
    """A close frame of the server; NO_STATUS is said by an empty one."""
    body = b"" if code == NO_STATUS else code.to_bytes(2, "big") + reason.encode()[:123]
    return bytes((0x88, len(body))) + body
