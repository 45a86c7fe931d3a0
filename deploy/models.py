"""`esi models`: what the registry holds, what is in force, and how a version comes into force."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy import model_tables
from deploy.options import Data, Json, Kafka

if TYPE_CHECKING:
    from dataflows.promotion import Desk, Promoted
    from deploy.settings import Settings
    from schemas.market import Market

app = typer.Typer(
    help="Trained models: what the registry holds, what is in force, and how a version comes into force.",
    no_args_is_help=True,
    add_completion=False,
)

Name = Annotated[str, typer.Argument(help="Of the model.")]
Version = Annotated[str, typer.Argument(help="Of the model.")]
Registry = Annotated[Path | None, typer.Option(help="Folder of the models; default: registry in the data folder.")]
MarketFile = Annotated[
    str | None, typer.Option("--market", help="Name, or file, of its market; default: the one that it was trained for.")
]
Feed = Annotated[str | None, typer.Option(help="Feed that is told; default: that of the market.")]
Lead = Annotated[float, typer.Option(min=0, help="Seconds that flows get to make the model ready.")]
Challenger = Annotated[bool, typer.Option("--challenger", help="Only in the champion's shadow: judged, not used.")]


@app.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    as_json: Json = False,
    registry: Registry = None,
    data: Data = None,
) -> None:
    """Lists all versions: what each is, what the last check found, and what flows here have refused."""
    from dataflows.judging import inventory

    settings = _settings(registry, data)
    found = inventory(settings.registry_dir, settings.data_dir / "flows")
    told = [one for one in found if name is None or one["name"] == name]
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        model_tables.show_versions(told, settings.registry_dir)


@app.command()
def show(
    name: Name,
    version: Annotated[str | None, typer.Argument(help="Default: the champion.")] = None,
    as_json: Json = False,
    registry: Registry = None,
    data: Data = None,
) -> None:
    """Shows one version: its manifest, its metrics, and what the last check found."""
    from dataflows.judging import inventory

    settings = _settings(registry, data)
    found = [one for one in inventory(settings.registry_dir, settings.data_dir / "flows") if one["name"] == name]
    one = next((x for x in found if (version is None and "champion" in x["roles"]) or x["version"] == version), None)
    if one is None:
        there = ", ".join(x["version"] for x in found) or "none"
        msg = f"there is no {name} {version or 'champion'}; versions: {there}"
        raise typer.BadParameter(msg)
    typer.echo(json.dumps(one, indent=1)) if as_json else model_tables.show_version(one)


@app.command()
def diff(
    name: Name, one: Version, other: Version, as_json: Json = False, registry: Registry = None, data: Data = None
) -> None:
    """Says in what two versions differ, and how both do on the second one's gate set."""
    from dataflows.judging import difference

    found = difference(_settings(registry, data).registry_dir, name, one, other)
    typer.echo(json.dumps(found, indent=1)) if as_json else model_tables.show_difference(found, one, other)


@app.command()
def check(
    name: Name,
    version: Version,
    market: MarketFile = None,
    gate: Annotated[bool, typer.Option(help="Whether it must not be worse than the champion.")] = True,
    as_json: Json = False,
    registry: Registry = None,
    data: Data = None,
) -> None:
    """Checks a version as `promote` does, and changes nothing. Exit status 1 if it stays out."""
    from dataflows.judging import check as judged

    settings = _settings(registry, data)
    verdict = judged(settings.registry_dir, name, version, _market(settings, name, version, market), gate=gate)
    told = model_tables.plain(verdict)
    typer.echo(json.dumps(told, indent=1)) if as_json else model_tables.show_verdict(name, version, told)
    raise typer.Exit(0 if verdict.reason is None else 1)


@app.command()
def promote(
    name: Name,
    version: Version,
    challenger: Challenger = False,
    market: MarketFile = None,
    feed: Feed = None,
    lead: Lead = 2.0,
    as_json: Json = False,
    registry: Registry = None,
    data: Data = None,
    kafka_url: Kafka = None,
) -> None:
    """Puts a version in force: checks it, changes the alias, and tells the flow in its feed."""
    desk = _desk(_settings(registry, data, kafka_url), name, version, market, feed, lead)
    _tell(desk.challenge(version) if challenger else desk.promote(version), desk.market, as_json)


@app.command()
def rollback(
    name: Name,
    market: MarketFile = None,
    feed: Feed = None,
    lead: Lead = 2.0,
    as_json: Json = False,
    registry: Registry = None,
    data: Data = None,
    kafka_url: Kafka = None,
) -> None:
    """Puts the version back in force that was before."""
    desk = _desk(_settings(registry, data, kafka_url), name, None, market, feed, lead)
    _tell(desk.rollback(), desk.market, as_json)


@app.command()
def retire(
    name: Name,
    challenger: Annotated[bool, typer.Option("--challenger", help="The challenger's seat.")] = False,
    market: MarketFile = None,
    feed: Feed = None,
    as_json: Json = False,
    registry: Registry = None,
    data: Data = None,
    kafka_url: Kafka = None,
) -> None:
    """Empties the seat of the champion, or of the challenger: the others go on without it."""
    desk = _desk(_settings(registry, data, kafka_url), name, None, market, feed, 0)
    _tell(desk.retire(challenger=challenger), desk.market, as_json)


def _settings(registry: Path | None, data: Path | None, kafka_url: str | None = None) -> Settings:
    from deploy import logs
    from deploy.settings import load

    settings = load({"registry": registry, "data_dir": data, "kafka_url": kafka_url})
    logs.configure("models", settings.log_level, settings.log_format)
    return settings


def _market(settings: Settings, name: str, version: str | None, given: str | None) -> Market:
    """The market that a model is for: as given, or by its manifest.

    Raises:
        SettingsError: its market is none that is shipped.
    """
    from dataflows.judging import market_of
    from deploy.settings import SettingsError
    from schemas.market_file import MarketFileError
    from schemas.market_file import load as loaded

    wanted = given or market_of(settings.registry_dir, name, version)
    try:
        return loaded(wanted)
    except MarketFileError as error:
        msg = f"{name} was trained for market {wanted!r}, which is not shipped: name its file with --market ({error})"
        raise SettingsError(msg) from error


def _desk(settings: Settings, name: str, version: str | None, given: str | None, feed: str | None, lead: float) -> Desk:
    from dataflows.promotion import Desk
    from dataflows.sources.control import send
    from deploy import verbs
    from deploy.neighbour import joined

    market = _market(settings, name, version, given)
    bootstrap = verbs.kafka(joined(settings))
    return Desk(
        settings.registry_dir, name, market, lambda control: send(bootstrap, feed or market.feed, control), lead
    )


def _tell(done: Promoted, market: Market, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {"name": done.name, "order": done.order, "label": done.label, "offset": done.offset}
        typer.echo(json.dumps(told | {"aliases": model_tables.plain(done.aliases)}, indent=1))
        return
    version, role = done.order.partition(":")[0], "challenger" if done.label != done.name else "champion"
    typer.echo(
        f"{done.name} {version} is {role} of {market.name}: the order stands at offset {done.offset} of feed "
        f"{market.feed}; it takes effect at the first step after the time of partition 0 there"
    )
