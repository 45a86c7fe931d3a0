"""`esi api`: REST, WebSocket and the page, in one process or in several on one port."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

from typing import Annotated

import typer

from deploy.options import ApiPort, ApiProcesses, Data, Postgres, Redis
from deploy.settings import Settings, load
from deploy.users import show_first_link


def api(
    redis_url: Redis = None,
    postgres_url: Postgres = None,
    api_host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    api_port: ApiPort = None,
    processes: ApiProcesses = None,
    member: Annotated[bool, typer.Option("--member", hidden=True)] = False,
    metrics_port: Annotated[int | None, typer.Option(hidden=True)] = None,
    no_link: Annotated[bool, typer.Option("--no-link", hidden=True)] = False,
    data: Data = None,
) -> None:
    """Serves REST, WebSocket and the page."""
    from deploy import crew, verbs

    flags = {
        "data_dir": data,
        "redis_url": redis_url,
        "postgres_url": postgres_url,
        "api_host": api_host,
        "api_port": api_port,
        "api_processes": processes,
        "metrics_port": metrics_port,
    }
    settings = load(flags)
    if not (member or no_link):
        show_first_link(settings)
    if settings.api_processes > 1 and not member:
        _check(settings)
        raise typer.Exit(crew.run(settings))
    verbs.api(settings, shared=member)


def _check(settings: Settings) -> None:
    """That several processes of the API can be started: Redis is named, and the port is free.

    Raises:
        SettingsError: no Redis.
        PortTakenError: somebody else listens there.
    """
    from deploy import logs, verbs

    logs.configure("api", settings.log_level, settings.log_format)
    from api.sockets import check_free

    verbs.redis(settings)
    check_free(settings.api_host, settings.api_port)
