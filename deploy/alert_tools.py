"""What the verbs of `esi alerts` have in common."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from pydantic import ValidationError

from deploy.settings import Settings, SettingsError
from schemas.alert_fields import Vocabulary, vocabulary_of
from schemas.alert_rule import AlertRule
from schemas.market_file import load as load_market

T = TypeVar("T")
Market = Annotated[str | None, typer.Option(help="One market only.")]
Author = Annotated[str, typer.Option(help="Who does this.")]


def _user() -> str:
    """Who is logged in here, as far as the system knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


USER: Final = _user()


class AlertsCommandError(ValueError):
    """A command that cannot be carried out; the message says what to do."""


def settings_of(**flags: Any) -> Settings:
    """Settings from flags, environment and `.env`.

    Raises:
        SettingsError: they cannot be used.
    """
    from deploy.settings import load

    return load(flags)


def database(data: Path | None, postgres_url: str | None) -> str:
    """Where alerts are kept: as given, or where `esi up` keeps them."""
    from deploy.state import Up

    settings = settings_of(data_dir=data, postgres_url=postgres_url)
    if settings.postgres_url is not None:
        return settings.postgres_url.get_secret_value()
    up = Up.read(settings.data_dir)
    if up is None or up.postgres_url is None:
        msg = "ESI_POSTGRES_URL is not set, and no `esi up` has run in this data folder: set it, or name the folder"
        raise SettingsError(msg)
    return up.postgres_url


def carried_out(work: Coroutine[Any, Any, T]) -> T:
    """Carries out a visit to the database."""
    import psycopg

    from api.alerting.console import ConsoleError
    from api.identity import console as identity
    from api.identity.keys import KeyScopeError
    from api.identity.users import UserError

    try:
        return asyncio.run(work)
    except (ConsoleError, identity.ConsoleError, UserError, KeyScopeError) as error:
        raise AlertsCommandError(str(error)) from error
    except psycopg.OperationalError as error:
        msg = f"PostgreSQL does not answer ({str(error).strip()}): start it, or check its URL"
        raise AlertsCommandError(msg) from error


def rule_of(**said: Any) -> AlertRule:
    """A rule of what was typed.

    Raises:
        AlertsCommandError: it cannot be one.
    """
    try:
        return AlertRule.model_validate({name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        raise AlertsCommandError("; ".join(str(fault["msg"]) for fault in error.errors())) from error


def market_of(name_or_file: str) -> tuple[str, Vocabulary]:
    """Name of a market, and the names that its rules may use.

    Raises:
        MarketFileError: there is no such market.
    """
    market = load_market(name_or_file)
    return market.name, vocabulary_of(market)


def printed(rows: Iterable[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    """Prints rows as a table, or as JSON."""
    listed = list(rows)
    if as_json:
        typer.echo(json.dumps(listed, indent=1, default=str))
        return
    texts = [columns, *(tuple("" if row[c] is None else str(row[c]) for c in columns) for row in listed)]
    widths = [max(len(row[n]) for row in texts) for n in range(len(columns))]
    for row in texts:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
