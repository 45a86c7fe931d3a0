"""`esi api`: REST, WebSocket and the page, in one process or in several on one port."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

from typing import Annotated

import typer

from deploy.options import ApiPort, ApiProcesses, Data, Postgres, Redis


def api(
    redis_url: Redis = None,
    postgres_url: Postgres = None,
    api_host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    api_port: ApiPort = None,
    processes: ApiProcesses = None,
    member: Annotated[bool, typer.Option("--member", hidden=True)] = False,
    metrics_port: Annotated[int | None, typer.Option(hidden=True)] = None,
    data: Data = None,
) -> None:
    """Serves REST, WebSocket and the page."""
    from deploy import crew, verbs
    from deploy.settings import load

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
    if settings.api_processes > 1 and not member:
        verbs.check_api(settings)
        raise typer.Exit(crew.run(settings))
    verbs.api(settings, shared=member)
