"""What `esi models` prints for people."""

# ruff: noqa: PLC0415 - `esi` alone does not wait for tables
from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import typer

NONE = "-"


def plain(value: msgspec.Struct) -> Any:
    """A struct as JSON knows it."""
    return msgspec.to_builtins(value)


def show_versions(found: list[dict[str, Any]], registry: Path) -> None:
    """One line a version, and a sentence below for each that stays out."""
    from rich.console import Console
    from rich.table import Table

    if not found:
        typer.echo(f"{registry} holds no models: `esi train` makes some")
        return
    table = Table(box=None, header_style="bold")
    for column in ("model", "version", "role", "market", "kind", "ahead", "trained to", "loss", "checked"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(*_cells(one))
    console = Console()
    console.width = console.width if console.is_terminal else 140
    console.print(table)
    for one in found:
        for line in _faults(one):
            typer.echo(f"{one['name']} {one['version']}: {line}")


def _cells(one: dict[str, Any]) -> list[str]:
    said = one["manifest"] or {}
    verdict = one["verdict"] or {}
    loss = (verdict.get("losses") or {}).get("candidate")
    return [
        one["name"], one["version"], ", ".join(one["roles"]) or NONE, said.get("market", NONE), said.get("kind", NONE),
        str(said.get("horizon", NONE)), said.get("trained_to", NONE)[:10], NONE if loss is None else f"{loss:.4f}",
        NONE if not verdict else verdict.get("reason") or "sound",
    ]  # fmt: skip


def _faults(one: dict[str, Any]) -> list[str]:
    verdict = one["verdict"] or {}
    found = [one["fault"]] if one["fault"] else []
    found += [f"stays out ({verdict['reason']}): {verdict['text']}"] if verdict.get("reason") else []
    return found + [f"refused by the flow of {r['feed']} ({r['reason']}): {r['text']}" for r in one["refused"]]


def show_version(one: dict[str, Any]) -> None:
    """All that is known of a version, a line each."""
    said = dict(one["manifest"] or {})
    metrics, files = said.pop("metrics", {}), said.pop("files", {})
    lines = {"roles": ", ".join(one["roles"]) or NONE, **said}
    lines |= {f"metric {name}": f"{value:.6g}" for name, value in metrics.items()}
    lines |= {f"sha256 {name}": value for name, value in files.items()}
    verdict = one["verdict"]
    if verdict:
        lines |= {"checked": verdict["at"], "found": verdict.get("reason") or "sound"}
        lines |= {f"loss of the {who}": f"{value:.6g}" for who, value in (verdict.get("losses") or {}).items()}
    for name, value in lines.items():
        typer.echo(f"{name:<22} {value}")
    for line in _faults(one):
        typer.echo(line)


def show_difference(found: dict[str, Any], one: str, other: str) -> None:
    """A line for each field that differs."""
    width = max(map(len, found))
    typer.echo(f"{'':<{width}}  {one:<26} {other}")
    for name, (a, b) in found.items():
        typer.echo(f"{name:<{width}}  {_number(a):<26} {_number(b)}")


def _number(value: Any) -> str:
    if value is None:
        return NONE
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def show_verdict(name: str, version: str, verdict: dict[str, Any]) -> None:
    """One sentence."""
    if verdict.get("reason"):
        typer.echo(f"{name} {version} stays out ({verdict['reason']}): {verdict['text']}")
        return
    losses = verdict.get("losses") or {}
    told = ", ".join(f"{who} {value:.6g}" for who, value in losses.items())
    against = f" against {verdict['against']}" if verdict.get("against") else ""
    typer.echo(f"{name} {version} is sound" + (f"; loss on its gate set{against}: {told}" if told else ""))
