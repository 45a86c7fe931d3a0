"""`esi api`: the app under uvicorn, with the settings that a fan-out needs."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn

from api.app import create_app
from api.config import ApiConfig
from api.viewer import MAX_INBOUND
from api.wire import Handshake

BACKLOG = 2048
_GRACE = 0.5  # seconds for answers under way; with the rest of a clean end it stays below two seconds

log = structlog.get_logger("esi.api")


class PortTakenError(OSError):
    """The address cannot be listened on; the message says what to do."""


class _Server(uvicorn.Server):
    """uvicorn's server, which ends with exit code 0 when it was told to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Turns SIGTERM and SIGINT into a clean end; uvicorn would raise them again afterwards."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)


def run(config: ApiConfig, ready: Callable[[str], None] | None = None) -> None:
    """Serves until SIGTERM or SIGINT, which end it within two seconds; call it in the main thread.

    Args:
        config: settings.
        ready: called once with the address, such as `http://127.0.0.1:8000`, when requests are answered.

    Raises:
        PortTakenError: somebody else listens there.
    """
    listener = _listen(config)
    url = f"http://{_spelled(listener.getsockname())}"
    server = _Server(uvicorn_config(config))

    async def announce() -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        log.info("listening", url=url)
        if ready is not None:
            ready(url)

    async def serve() -> None:
        announcing = asyncio.ensure_future(announce())
        try:
            await server.serve(sockets=[listener])
        finally:
            announcing.cancel()

    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(serve())
    log.info("stopped", url=url)


def uvicorn_config(config: ApiConfig) -> uvicorn.Config:
    """How uvicorn serves the app."""
    return uvicorn.Config(
        create_app(config),
        http="httptools",
        loop="uvloop",
        ws=Handshake,
        ws_per_message_deflate=False,  # costs a third more time and twice the memory per socket
        ws_max_size=MAX_INBOUND,
        ws_ping_interval=None,  # the room asks its viewers itself
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=_GRACE,  # type: ignore[arg-type]  # it waits by asyncio, which takes fractions
    )


def _listen(config: ApiConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host.strip("[]"), config.port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            remedy = "somebody listens there already: end it, or choose another port (ESI_PORT, 0 for a free one)"
        else:
            remedy = "choose an address of this machine"
        msg = f"cannot listen on {config.host}:{config.port} ({error.strerror}): {remedy}"
        raise PortTakenError(error.errno, msg) from error
    return listener


def _spelled(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
