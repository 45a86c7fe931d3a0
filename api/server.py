"""`esi api`: the app under uvicorn, with the settings that a fan-out needs."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable, Iterator

import structlog
import uvicorn

from api.app import create_app
from api.config import ApiConfig
from api.entrance import Guarded
from api.sockets import BACKLOG, PortTakenError, listen, raise_limit, spelled, tune
from api.viewer import MAX_INBOUND
from api.wire import Handshake

__all__ = ["PortTakenError", "run", "uvicorn_config"]

_GRACE = 0.5  # seconds for answers under way; with the rest of a clean end it stays below two seconds

log = structlog.get_logger("esi.api")


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
    listeners = listen(config)
    for listener in listeners:
        tune(listener, config.idle)
    url = f"http://{spelled(listeners[0])}"
    server = _Server(uvicorn_config(config))

    async def announce() -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        _spare_collections()
        log.info("listening", url=url)
        if ready is not None:
            ready(url)

    async def serve() -> None:
        announcing = asyncio.ensure_future(announce())
        try:
            await server.serve(sockets=listeners)
        finally:
            announcing.cancel()

    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(serve())
    log.info("stopped", url=url)


def _spare_collections() -> None:
    """What is there when we begin stays for good: the collector need not look at it again."""
    gc.collect()
    gc.freeze()


def uvicorn_config(config: ApiConfig) -> uvicorn.Config:
    """How uvicorn serves the app."""
    return uvicorn.Config(
        create_app(config, raise_limit()),
        http=Guarded,
        loop="uvloop",
        ws=Handshake,
        ws_per_message_deflate=False,  # costs a third more time and twice the memory per socket
        ws_max_size=MAX_INBOUND,
        ws_ping_interval=None,  # the room asks its viewers itself
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(config.trusted_proxies),
        forwarded_allow_ips=list(config.trusted_proxies),
        ssl_certfile=config.tls_certificate,
        ssl_keyfile=None if config.tls_key is None else str(config.tls_key),
        backlog=BACKLOG,
        timeout_graceful_shutdown=_GRACE,  # type: ignore[arg-type]  # it waits by asyncio, which takes fractions
    )
