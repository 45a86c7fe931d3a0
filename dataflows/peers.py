"""Notices that another host of the same flow is gone.

Bytewax's sockets wait for as long as the kernel does, a quarter of an hour, for a host that has lost its power or its
cable: nothing says goodbye then. With the limits set here the connection breaks, the process ends as it does when
another one falls, and is started again.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import Final

import psutil
import structlog

log = structlog.get_logger()

SILENT_S: Final = 10
"""Seconds after which a host that acknowledges nothing is gone."""

_IDLE_S: Final = 3
_LOOK_S: Final = 1.0


def watch(addresses: Sequence[str], process_id: int) -> None:
    """Sets the limits on every connection to another process as soon as it is there; returns at once."""
    if len(addresses) > 1:
        threading.Thread(target=_limit_all, args=(addresses, process_id), name="peers", daemon=True).start()


def _limit_all(addresses: Sequence[str], process_id: int) -> None:
    while (found := limit(addresses, process_id)) < len(addresses) - 1:
        time.sleep(_LOOK_S)
    log.info("all_connected", processes=len(addresses), connections=found)


def limit(addresses: Sequence[str], process_id: int) -> int:
    """Sets the limits on the connections to other processes that are there now; returns their number."""
    ports = [int(address.rpartition(":")[2]) for address in addresses]
    others = {port for number, port in enumerate(ports) if number != process_id}
    found = 0
    for connection in psutil.Process().net_connections("tcp"):
        if connection.status == psutil.CONN_ESTABLISHED and connection.fd >= 0 and (
            connection.laddr.port == ports[process_id] or connection.raddr.port in others
        ):  # fmt: skip
            _limit(connection.fd)
            found += 1
    return found


def _limit(descriptor: int) -> None:
    with (
        contextlib.suppress(OSError),
        socket.socket(fileno=os.dup(descriptor)) as one,
    ):  # another name of the same connection, which may have ended since
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_S)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _IDLE_S)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, SILENT_S // _IDLE_S)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_S * 1000)
