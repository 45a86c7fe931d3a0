"""`esi users`: who may log in, from a terminal that reaches the database."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
from __future__ import annotations

import json
from typing import Annotated

import typer

from deploy.alert_tools import carried_out, database, printed, settings_of
from deploy.options import Data, Json, Postgres
from deploy.plan import api_url
from deploy.settings import Settings

app = typer.Typer(
    help="Users: who may log in, and what they may do.", no_args_is_help=True, add_completion=False,
    rich_markup_mode=None,
)  # fmt: skip

Name = Annotated[str, typer.Argument(help="Their name.")]
Role = Annotated[str, typer.Option(help="viewer, analyst, operator or admin.")]


def _role(text: str) -> str:
    from api.identity.scopes import ROLES

    if text not in ROLES:
        msg = f"there is no role {text!r}: there are {', '.join(ROLES)}"
        raise typer.BadParameter(msg)
    return text


def link_text(token: str, data: Data = None) -> str:
    """A one-time link as people open it; what follows `#` is sent to no server and stands in no log."""
    return _linked(settings_of(data_dir=data), token)


def _linked(settings: Settings, token: str) -> str:
    return f"{settings.page_url or api_url(settings)}/#link={token}"


def first_link(settings: Settings, url: str) -> str | None:
    """What is told where nobody can log in as admin yet; None where somebody can."""
    import asyncio

    from api.identity import console

    token = asyncio.run(console.first_link(url))
    if token is None:
        return None
    return f"No admin has a password yet. Open within a day, once: {_linked(settings, token)}"


def show_first_link(settings: Settings) -> None:
    """Prints a one-time link for the first admin, where nobody can log in as admin yet."""
    import psycopg

    if settings.postgres_url is None:
        return
    try:
        if (text := first_link(settings, settings.postgres_url.get_secret_value())) is not None:
            typer.echo(text, err=True)
    except psycopg.Error as error:
        typer.echo(f"PostgreSQL is away, no link for a first admin: {str(error).strip()}", err=True)


@app.command("list")
def list_users(as_json: Json = False, data: Data = None, postgres_url: Postgres = None) -> None:
    """Lists the users."""
    from api.identity import console

    rows = carried_out(console.listed(database(data, postgres_url)))
    printed(rows, ("name", "role", "disabled", "password", "last_login_at"), as_json=as_json)


@app.command()
def add(name: Name, role: Role = "viewer", data: Data = None, postgres_url: Postgres = None) -> None:
    """Adds a user, and prints the one-time link by which they set their password."""
    from api.identity import console

    token = carried_out(console.add(database(data, postgres_url), name, _role(role)))  # type: ignore[arg-type]  # checked
    typer.echo(f"Open within a day, once: {link_text(token, data)}")


@app.command()
def link(name: Name, data: Data = None, postgres_url: Postgres = None) -> None:
    """Prints another one-time link for a user."""
    from api.identity import console

    typer.echo(
        f"Open within a day, once: {link_text(carried_out(console.link(database(data, postgres_url), name)), data)}"
    )


@app.command("role")
def change_role(
    name: Name,
    role: Annotated[str, typer.Argument(help="viewer, analyst, operator or admin.")],
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Gives a user another role."""
    from api.identity import console

    carried_out(console.set_role(database(data, postgres_url), name, _role(role)))  # type: ignore[arg-type]  # checked
    typer.echo(f"{name} is {role}.")


@app.command()
def disable(
    name: Name,
    undo: Annotated[bool, typer.Option("--undo", help="Let them in again.")] = False,
    data: Data = None,
    postgres_url: Postgres = None,
) -> None:
    """Shuts a user out at once, and ends their sessions."""
    from api.identity import console

    carried_out(console.set_disabled(database(data, postgres_url), name, disabled=not undo))
    typer.echo(f"{name} may log in again." if undo else f"{name} is shut out.")


@app.command()
def delete(name: Name, data: Data = None, postgres_url: Postgres = None) -> None:
    """Forgets a user: name, password, sessions; the audit log keeps the bare id."""
    from api.identity import console

    carried_out(console.delete(database(data, postgres_url), name))
    typer.echo(f"{name} is forgotten.")


@app.command()
def export(name: Name, data: Data = None, postgres_url: Postgres = None) -> None:
    """Prints all personal data of a user as JSON."""
    from api.identity import console

    typer.echo(json.dumps(carried_out(console.export(database(data, postgres_url), name)), indent=1, default=str))
