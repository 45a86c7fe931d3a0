"""Whether a model belongs to a market: the same market, the same features, a horizon that is forecast there."""

from __future__ import annotations

from typing import NamedTuple

from models.registry.manifest import Manifest
from models.registry.refusals import ModelRefusedError, Refusal


class Wanted(NamedTuple):
    """What a market asks of a model.

    Attributes:
        market: its name, without a run.
        schema: hash of its features.
        horizons: finals ahead that are forecast.
    """

    market: str
    schema: str
    horizons: tuple[int, ...]


def misfit(manifest: Manifest, wanted: Wanted) -> ModelRefusedError | None:
    """Why a model does not belong there; None: it does."""
    title = f"{manifest.name} {manifest.version}"
    if manifest.market != wanted.market:
        told = f"{title} was trained for {manifest.market!r}, not for {wanted.market!r}"
        return ModelRefusedError(Refusal.WRONG_MARKET, told)
    if manifest.schema != wanted.schema:
        told = (
            f"{title} was trained on features {manifest.schema[:12]}, {wanted.market!r} has {wanted.schema[:12]}: "
            "its segments or our features have changed since; train it again"
        )
        return ModelRefusedError(Refusal.WRONG_SCHEMA, told)
    if manifest.kind == "forecast" and manifest.horizon not in wanted.horizons:
        ahead = " and ".join(map(str, wanted.horizons))
        told = f"{title} forecasts {manifest.horizon} finals ahead, {wanted.market!r} wants {ahead}"
        return ModelRefusedError(Refusal.WRONG_MARKET, told)
    if manifest.kind == "anomaly" and manifest.horizon:
        return ModelRefusedError(Refusal.WRONG_MARKET, f"{title} watches for anomalies: its horizon is 0")
    return None
