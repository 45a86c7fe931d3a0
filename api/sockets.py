"""The listening sockets of one api process, and how many connections it can hold."""

from __future__ import annotations

import contextlib
import errno
import resource
import socket

from api.config import ApiConfig

BACKLOG = 4096
SPARE = 128
"""File descriptors for everything that is no connection of a client: Redis, PostgreSQL, files, libraries."""

UNSENT = 131_072
"""Bytes that the kernel takes for a peer beyond what is on its way to it; a slow one's past would fill megabytes."""


class PortTakenError(OSError):
    """The address cannot be listened on; the message says what to do."""

    passes = True


def listen(config: ApiConfig) -> list[socket.socket]:
    """The public socket, and the private one on which this process alone answers where several share the public one.

    Raises:
        PortTakenError: somebody else listens there, or there is no such address here.
    """
    public = _bound(config.host, config.port, shared=config.shared)
    if not config.shared:
        return [public]
    try:
        return [public, _bound("127.0.0.1", config.private_port, shared=False)]
    except PortTakenError:
        public.close()
        raise


def check_free(host: str, port: int) -> None:
    """That nobody listens on an address yet: a port that is shared by `SO_REUSEPORT` would be shared with anybody.

    Raises:
        PortTakenError: somebody does.
    """
    _bound(host, port, shared=False).close()


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            remedy = "somebody listens there already: end it, or choose another port (ESI_API_PORT)"
        else:
            remedy = "choose an address of this machine"
        msg = f"cannot listen on {host}:{port} ({error.strerror}): {remedy}"
        raise PortTakenError(error.errno, msg) from error
    return listener


def tune(listener: socket.socket, idle: float) -> None:
    """Options that every accepted socket inherits, where the system has them.

    The kernel gives up a peer that acknowledges nothing for `idle` seconds, without a ping of ours.
    """
    for name, value in (("TCP_USER_TIMEOUT", int(idle * 1_000)), ("TCP_NOTSENT_LOWAT", UNSENT)):
        if (option := getattr(socket, name, None)) is not None:
            with contextlib.suppress(OSError):
                listener.setsockopt(socket.IPPROTO_TCP, option, value)


def spelled(listener: socket.socket) -> str:
    """`host:port` of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def raise_limit() -> int:
    """Raises our limit of open files as far as we may; gives the number of connections that fit below it.

    The kernel hands over a whole queue of connections before the first of them can be refused, so there must be room
    for as many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return room_below(soft)


def room_below(limit: int) -> int:
    """Connections that fit below a limit of open files; `RLIM_INFINITY` is none."""
    if limit == resource.RLIM_INFINITY:
        return 1_000_000
    return max(limit - SPARE - min(BACKLOG, limit // 8), 16)
