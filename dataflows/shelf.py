"""The flow's shelf of models: who may be ordered soon is loaded in the background, and all that happens is told."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from dataflows import metrics
from dataflows.config import FlowConfig
from dataflows.relief import Slow, relief_of
from models.registry import aliases, store
from models.registry.aliases import Aliases
from models.registry.manifest import Manifest
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.shelf import COPIES, RegistryShelf

log = structlog.get_logger()

LOOK_S: Final = 0.5
"""Between two looks at the registry's aliases."""

GIVES_WAY_S: Final = 0.0001
"""A reading lets go of the interpreter often, at each model among others, and may wait so long each time."""


class Teller:
    """Tells logs and metrics; a model that fails at every reading is logged once.

    Attributes:
        slow: models that have become slow, for those who can do something about it.
    """

    def __init__(self) -> None:
        self._told: set[tuple[str, str, Refusal]] = set()
        self.slow = Slow()

    def loaded(self, manifest: Manifest) -> None:
        """A model was admitted."""
        metrics.MODELS_LOADED.labels(manifest.name).inc()
        log.info("model_loaded", model=manifest.name, version=manifest.version, market=manifest.market)

    def refused(self, name: str, order: str, error: ModelRefusedError) -> None:
        """The model of an order stays out."""
        metrics.MODELS_REFUSED.labels(name, error.reason).inc()
        log.error("model_refused", model=name, order=order, reason=error.reason.value, advice=error.text)

    def faulted(self, manifest: Manifest, reason: Refusal) -> None:
        """A model gave nothing for a moment."""
        metrics.MODEL_FAULTS.labels(manifest.name, reason).inc()
        if self._is_new(manifest, reason):
            log.error("model_sleeps", model=manifest.name, version=manifest.version, reason=reason.value,
                      advice="it says nothing for this moment; further ones are only counted")  # fmt: skip

    def slowed(self, manifest: Manifest, best_us: float) -> None:
        """A model has become slow; what it says counts until the feed says otherwise."""
        metrics.MODELS_SLOW.labels(manifest.name).inc()
        self.slow.tell(manifest, best_us)
        if self._is_new(manifest, Refusal.TOO_SLOW):
            log.warning("model_slow", model=manifest.name, version=manifest.version, best_us=round(best_us))

    def _is_new(self, manifest: Manifest, reason: Refusal) -> bool:
        key = (manifest.name, manifest.version, reason)
        if key in self._told or len(self._told) >= 1000:
            return False
        self._told.add(key)
        return True

    def not_kept(self, name: str, error: OSError) -> None:
        """There is no room for its files beside the state."""
        log.warning("model_not_kept", model=name, error=str(error),
                    advice="it serves; after a restart it is read from the registry again: make room")  # fmt: skip


@contextmanager
def giving_way() -> Iterator[None]:
    """Threads that wait for the interpreter get it within 0.1 ms: readings go on while a model loads."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(GIVES_WAY_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


class Watch:
    """Looks at aliases, and has whoever they name loaded: what is promoted next is warm when its order comes.

    Aliases decide nothing: they only say which version is worth loading. What is in force is said in the feed.
    """

    def __init__(self, registry: Path, markets: Iterable[str], shelf: RegistryShelf) -> None:
        self._registry, self._markets, self._shelf = registry, frozenset(markets), shelf
        self._seen: dict[str, Aliases] = {}

    def look(self) -> None:
        """One look; what cannot be loaded is left to its order, which names the reason."""
        for name in store.names(self._registry):
            try:
                said = aliases.read(self._registry / name)
            except ModelRefusedError:
                continue
            if said != self._seen.get(name):
                self._prepare(name, said)
                self._seen[name] = said

    def _prepare(self, name: str, said: Aliases) -> None:
        ours = {one.version for one in store.versions(self._registry, name) if self._is_ours(one)}
        for version in (said.challenger, said.champion, said.previous):
            if version in ours:
                try:
                    with giving_way():
                        self._shelf.prepare(name, version)
                except ModelRefusedError as error:
                    log.warning("model_not_ready", model=name, version=version, reason=error.reason.value)

    def _is_ours(self, version: store.Version) -> bool:
        return version.manifest is not None and version.manifest.market in self._markets


def shelf_of(config: FlowConfig) -> RegistryShelf | None:
    """The flow's shelf, with a thread that looks at the registry; None where there is no registry to look at.

    The same thread relieves models that have become slow. A run is left as it is: its registry is that of live feeds.
    """
    if config.registry is None:
        return None
    teller = Teller()
    kept = config.state_dir / COPIES
    shelf = RegistryShelf(config.registry, kept, time.thread_time_ns, teller, time.perf_counter_ns)
    looks = [Watch(config.registry, (market.name for market in config.markets), shelf).look]
    looks += [relief_of(config, teller.slow).look] if config.run is None else []
    threading.Thread(target=_for_ever, args=(looks,), name="models", daemon=True).start()
    return shelf


def _for_ever(looks: Sequence[Callable[[], None]]) -> None:
    while True:
        for look in looks:
            try:
                look()
            except Exception as error:  # what it cannot prepare is done when an order comes
                log.warning("models_not_watched", error=str(error))
        time.sleep(LOOK_S)
