"""A server that answers late: a proxy that holds back every answer for a while.

Whoever uses it ends its connections first.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Self


class Slow:
    """Passes connections on to a port of this machine; what comes back is `seconds` late.

    Attributes:
        port: where it listens on 127.0.0.1.
        seconds: delay of every answer; may be changed at any time.
    """

    def __init__(self, target: int, seconds: float) -> None:
        self.seconds, self._target = seconds, target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(near,)))
                self._threads[-1].start()

    def _serve(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._target)) as far:
            asking = threading.Thread(target=self._pump, args=(near, far, False))
            asking.start()
            self._pump(far, near, True)
            asking.join()

    def _pump(self, source: socket.socket, sink: socket.socket, late: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 20):
                if late:
                    time.sleep(self.seconds)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._server.close()
