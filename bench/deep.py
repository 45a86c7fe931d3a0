"""Deep models of the size that is trained, with random weights, on a shelf: for `scoring` and `swaps`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from models.registry.manifest import Manifest
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.shelf import RegistryShelf
from models.signals.orders import Pairs
from schemas.market import Market
from tests.models import exported, onnx_made

ORDERS: Final[Pairs] = (("lstm", "1:1"), ("transformer", "1:1"), ("vae", "1:1"))
NAMES: Final = ("lstm", "transformer")


class Loud:
    """A witness that ends the benchmark where a model stays out or gives nothing."""

    def loaded(self, manifest: Manifest) -> None:
        """As it should be."""

    def refused(self, name: str, order: str, error: ModelRefusedError) -> None:
        """Not so."""
        raise AssertionError(name, order) from error

    def faulted(self, manifest: Manifest, reason: Refusal) -> None:
        """Not so."""
        raise AssertionError(manifest.name, reason)

    def slowed(self, manifest: Manifest, best_us: float) -> None:
        """It only takes longer than it should: that is what is measured."""

    def not_kept(self, name: str, error: OSError) -> None:
        """Not so."""
        raise AssertionError(name) from error


def shelf(market: Market, root: Path, versions: int = 1) -> RegistryShelf:
    """Two forecasters over the market's horizon and a VAE, in so many versions."""
    ahead, features = market.horizon_periods, exported.manifest(market).features
    for n in range(1, versions + 1):
        lstm, transformer = onnx_made.lstm(features, seed=3 * n), onnx_made.transformer(features, seed=3 * n + 1)
        for name, made in zip(NAMES, (lstm, transformer), strict=True):
            exported.save(root / "registry", exported.manifest(market, name, str(n), horizon=ahead), made)
        watch = exported.manifest(market, "vae", str(n), kind="anomaly", horizon=0)
        exported.save(root / "registry", watch, onnx_made.autoencoder(features, seed=3 * n + 2))
    return RegistryShelf(root / "registry", root / "kept", time.thread_time_ns, Loud())
