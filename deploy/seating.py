"""What becomes of a model that `esi train` has entered: it challenges the champion, or it is said what to type next."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.neighbour import joined
from deploy.settings import Settings

if TYPE_CHECKING:
    from schemas.market import Market


def seat(settings: Settings, market: Market, name: str, version: str) -> str:
    """Lets a model challenge the champion, or serve where nobody does; what was done or not, and what to type next.

    Its order goes into the feed of the market, for the alias alone would put nobody in force.
    """
    from dataflows.config import FlowError
    from dataflows.judging import aliases_of
    from dataflows.promotion import Desk
    from dataflows.sources.control import send

    said = aliases_of(settings.registry_dir / name)
    if roles := said.of(version):
        return f"{name} {version} is {' and '.join(roles)} already"
    again = f"esi models promote {name} {version}" + (" --challenger" if said.champion else "")
    bootstrap = joined(settings).kafka_url
    if bootstrap is None:
        return f"{name} {version} serves nowhere yet: no `esi up` runs here and ESI_KAFKA_URL is not set. Then: {again}"
    try:
        desk = Desk(settings.registry_dir, name, market, lambda control: send(bootstrap, market.feed, control))
        done = desk.enter(version, replaces=False)
    except (FlowError, OSError) as error:
        return f"{name} {version} serves nowhere yet: {error}. When that is mended: {again}"
    if done.role == "champion":
        return f"{name} {version} is champion of {market.name}. How it does: esi models show {name}"
    why = (
        "it challenges the champion" if said.champion else "it lost to persistence where it was judged, and challenges"
    )
    return (
        f"{name} {version}: {why}. How it does: esi models show {name}. In force: esi models promote {name} {version}"
    )
