"""How models do in the flow that runs: what the last final says of them, and how their duel stands."""

# ruff: noqa: PLC0415 - as in the verbs
from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec
from redis.exceptions import RedisError

from deploy.live_finals import FINALS, LiveFinals
from deploy.settings import Settings

if TYPE_CHECKING:
    from evaluation.duel import Final

WITHOUT_REDIS = "ESI_REDIS_URL is not set and no `esi up` runs in the data folder: only the registry is shown"


def live(settings: Settings, market: str, name: str) -> dict[str, Any]:
    """How a model does in a market, as plain data.

    Returns:
        `at` of the last final, `rows` of it as in its details, and `duel`, None without a challenger; or `fault`, why
        nothing is known.
    """
    if settings.redis_url is None:
        return {"market": market, "fault": WITHOUT_REDIS}
    finals = LiveFinals(settings.redis_url.get_secret_value())
    try:
        found = finals.last(market, FINALS)
    except RedisError as error:
        return {"market": market, "fault": f"Redis does not answer: {error}"}
    finally:
        finals.close()
    return {"market": market} | (_said(found, name) if found else {"fault": f"{market} has no final yet"})


def _said(finals: list[Final], name: str) -> dict[str, Any]:
    from evaluation.duel import duels
    from schemas.reading import Details

    details = msgspec.json.decode(finals[-1].details, type=Details)
    models = [] if details.models is msgspec.UNSET else details.models
    duel = next((one for one in duels(finals) if one.name == name), None)
    rows = [msgspec.to_builtins(row) for row in models if row.name == name]
    return {"at": details.at, "rows": rows, "duel": duel and _plain(asdict(duel) | {"said": str(duel)})}


def _plain(duel: dict[str, Any]) -> dict[str, Any]:
    del duel["spoken"]
    return duel | {"gain": None if math.isnan(duel["gain"]) else duel["gain"]}
