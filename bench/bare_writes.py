"""What the same messages cost without anything around them: processes that write a frame to every socket, and no more.

`python -m bench.bare_writes PORT HZ SIZE` is one of them. It answers handshakes between the ticks at which it writes.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import select
import socket
import sys
import time
from collections.abc import Sequence

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = re.compile(rb"sec-websocket-key: *(\S+)", re.IGNORECASE)


def frame(number: int, due_ns: int, size: int) -> bytes:
    """A text frame of `size` bytes that looks as an update does to whoever measures."""
    head = b'{"type":"update","market":"bench","channel":"readings","epoch":"e1","id":"%d-0","sent_ns":%d,"data":"'
    payload = head % (number, due_ns)
    payload += b"x" * (size - len(payload) - 6) + b'"}'
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def main(arguments: Sequence[str]) -> None:
    """One process."""
    port, hz, size = int(arguments[0]), float(arguments[1]), int(arguments[2])
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(4096)
    listener.setblocking(False)
    epoll = select.epoll()
    epoll.register(listener.fileno(), select.EPOLLIN)
    clients: dict[int, socket.socket] = {}
    ready: dict[int, None] = {}
    period = int(1e9 / hz)
    number = time.time_ns() // period + 1
    while True:
        left = max(number * period - time.time_ns(), 1)
        while left > 0:  # once at least, or a loop that is late would never let anybody in
            for fd, _ in epoll.poll(left / 1e9, 1024):
                _serve(fd, listener, epoll, clients, ready)
            left = number * period - time.time_ns()
        data = frame(number, number * period, size)
        for fd in ready:
            with contextlib.suppress(OSError):  # gone, or slow: neither matters here
                os.write(fd, data)
        number += 1


def _serve(
    fd: int, listener: socket.socket, epoll: select.epoll, clients: dict[int, socket.socket], ready: dict[int, None]
) -> None:
    if fd == listener.fileno():
        with contextlib.suppress(BlockingIOError):
            while True:
                made, _ = listener.accept()
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                made.setblocking(False)
                clients[made.fileno()] = made
                epoll.register(made.fileno(), select.EPOLLIN)
        return
    try:
        data = os.read(fd, 65_536)
    except ConnectionResetError:
        data = b""
    if (found := KEY.search(data)) is not None:
        accept = base64.b64encode(hashlib.sha1(found[1] + GUID).digest())
        answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        os.write(fd, answer + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        ready[fd] = None
    elif not data:
        epoll.unregister(fd)
        ready.pop(fd, None)
        clients.pop(fd).close()


if __name__ == "__main__":
    main(sys.argv[1:])
