"""A transport whose buffer the test controls."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class FakeTransport(asyncio.Transport):
    """Remembers what is written; full while `room` is 0 (each write beyond it pauses its protocol).

    Attributes:
        written: bytes of each write.
        ended: how it was ended, empty while it is open.
    """

    def __init__(self, room: float = float("inf")) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.ended = ""
        self._room = room
        self.protocol: Any = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes; one more than there is room for pauses the protocol."""
        assert not self.ended or self.ended == "eof", "written after its end"
        self.written.append(bytes(data))
        self._room -= 1
        if self._room <= 0 and self.protocol is not None:
            self.protocol.pause_writing()

    def make_room(self, room: float = float("inf")) -> None:
        """The peer has read: so many writes more are taken."""
        self._room = room
        self.protocol.resume_writing()

    def close(self) -> None:
        """Ended in order."""
        self.ended = self.ended or "close"

    def abort(self) -> None:
        """Ended at once."""
        self.ended = "abort"

    def can_write_eof(self) -> bool:
        """As TCP."""
        return True

    def write_eof(self) -> None:
        """Nothing more is written."""
        self.ended = "eof"

    def is_closing(self) -> bool:
        """Whether it was ended."""
        return bool(self.ended)

    def messages(self) -> list[dict[str, Any]]:
        """Text messages that were written, in order."""
        found, data = [], b"".join(self.written)
        while data:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            if data[0] == 0x81:
                found.append(json.loads(data[start : start + size]))
            data = data[start + size :]
        return found

    def ids(self) -> list[str]:
        """Ids of the messages that have one."""
        return [message["id"] for message in self.messages() if "id" in message]
