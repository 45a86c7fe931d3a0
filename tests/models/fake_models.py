"""Models without a runtime, and a shelf of them: for laws and for the ensemble. Real ones are in `onnx_made`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from models.registry.aliases import ordered
from models.registry.manifest import Manifest
from models.registry.refusals import ModelRefusedError, Refusal
from models.signals.step import Floats
from schemas.market import Market
from tests.models import exported
from tests.models.onnx_made import SPREAD


@dataclass
class FakeModel:
    """Says what a function of the newest row says."""

    manifest: Manifest
    middle: Callable[[Floats], float] = lambda row: 0.1 * float(row[0])
    spread: float = 1.0
    past: Floats = field(default_factory=lambda: np.empty(0))

    def quantiles(self, rows: Floats) -> Floats:
        """Around the middle."""
        return self.middle(rows[-1]) + self.spread * SPREAD.astype(np.float64)

    def surprise(self, row: Floats) -> tuple[float, float]:
        """The mean square of the row."""
        return float(np.mean(row**2)), float(np.mean(row**2)) + self.middle(row)


@dataclass
class FakeShelf:
    """Models by name and version; `opened` and `found` are what was asked for, `misfits` what did not fit."""

    models: dict[tuple[str, str], FakeModel | ModelRefusedError]
    found: list[tuple[str, str]] = field(default_factory=list)
    opened: list[tuple[str, str]] = field(default_factory=list)
    misfits: list[tuple[str, str, str]] = field(default_factory=list)

    def refused(self, name: str, order: str, error: ModelRefusedError) -> None:
        """One does not fit."""
        self.misfits.append((name, order, error.reason))

    def find(self, name: str, order: str) -> FakeModel | ModelRefusedError:
        """By an order."""
        self.found.append((name, order))
        return self._one(name, ordered(order) or "")

    def open(self, name: str, version: str) -> FakeModel | ModelRefusedError:
        """By a version."""
        self.opened.append((name, version))
        return self._one(name, version)

    def _one(self, name: str, version: str) -> FakeModel | ModelRefusedError:
        missing = ModelRefusedError(Refusal.MISSING, f"no {name} {version}")
        return self.models.get((name, version), missing)


def shelf(market: Market, horizon: int = 3) -> FakeShelf:
    """Two forecasters a final ahead, one over the horizon, a watch; each in two versions."""
    found: dict[tuple[str, str], FakeModel | ModelRefusedError] = {}
    for version in ("1", "2"):
        tilt = 0.1 * int(version)
        for name, ahead in (("lstm", 1), ("transformer", 1), ("far", horizon)):
            said = exported.manifest(market, name, version, horizon=ahead)
            found[name, version] = FakeModel(said, lambda row, tilt=tilt: tilt * float(row[1]))  # type: ignore[misc] # a default binds it
        said = exported.manifest(market, "vae", version, kind="anomaly", horizon=0)
        past = np.random.default_rng(1).gamma(2.0, 1.0, 60)
        found["vae", version] = FakeModel(said, lambda row: 0.0 * float(row[0]), past=past)
    return FakeShelf(found)
