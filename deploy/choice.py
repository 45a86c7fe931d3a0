"""How `esi up` was called, and what follows from it: the port, the markets, the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploy import page
from deploy.artifacts import has_artifact
from deploy.plan import HISTORY_FEED, feeds
from deploy.settings import Settings, checkout
from deploy.sockets import next_free, taken


class PortError(RuntimeError):
    """The port that was asked for is taken."""


@dataclass(frozen=True)
class Choice:
    """How `esi up` was called: once or for long, with or without building the page."""

    once: bool = False
    page: bool = True


def choose_port(settings: Settings, choice: Choice, tell: Callable[[str], None]) -> Settings:
    """The settings with an API port that is free.

    Raises:
        PortError: the port was asked for and is taken.
    """
    host, port = settings.api_host, settings.api_port
    if choice.once or not taken(port, host):
        return settings
    if "api_port" in settings.model_fields_set:
        msg = f"port {port} on {host} is taken: stop whoever listens there, or choose another with --api-port"
        raise PortError(msg)
    free = next_free(port + 1, host)
    tell(f"Port {port} is taken; the page is on port {free} this time (--api-port chooses).")
    return settings.with_(api_port=free)


def page_built() -> bool:
    """Whether the page is there to be served, built of the present sources."""
    root = checkout()
    if root is None or not (root / "api" / "dashboard").is_dir():
        return True
    return page.is_built(root / "api" / "static", page.digest(root / "api" / "dashboard"))


def choose_markets(settings: Settings, choice: Choice) -> Settings:
    """The settings with the markets that this call runs: with `--once`, those that have an end.

    These are the replayed history and markets that begin with a reference artifact; without any, the history.
    """
    if not choice.once:
        return settings
    replayed = feeds(settings.markets).get(HISTORY_FEED, ())
    ending = tuple(name for name in settings.markets if name in replayed or has_artifact(settings, name))
    return settings.with_(markets=ending or (HISTORY_FEED,))
