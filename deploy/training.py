"""Training on request: what finals ask for, what it leads to, and who comes into force."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part

from __future__ import annotations

import importlib.util
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

from deploy import verbs
from deploy.child import Child, stop
from deploy.files import write_whole
from deploy.live_finals import LiveFinals
from deploy.servers import esi
from deploy.settings import Settings
from schemas.market import Market

if TYPE_CHECKING:
    from dataflows.promotion import Desk

log = structlog.get_logger()

FINALS: Final = 400
"""Finals that a duel is judged by at most; it looks at the newest 250 labels."""

WITHOUT_TORCH: Final = (
    'torch is not installed here, so nothing is trained: pip install -c constraints.txt -e ".[train]" '
    "(docs/forecast.md says how to take the smaller CPU build). Challengers are still judged"
)


@dataclass
class Trainer:
    """Looks at the finals of some markets, and does what they ask for.

    Attributes:
        settings: where everything is.
        markets: by the names or files that they were given as.
        arguments: passed on to `esi train`.
        rest_s: least seconds between two trainings of a market.
        train: the training of a market: the command line.
        clock: seconds since 1970.
    """

    settings: Settings
    markets: dict[str, Market]
    arguments: tuple[str, ...] = ()
    rest_s: float = 43_200.0
    train: Callable[[str], list[str]] | None = None
    clock: Callable[[], float] = time.time
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Connects, and reads how far it was."""
        self.live = LiveFinals(verbs.redis(self.settings))
        self._file = self.settings.data_dir / "trainer.json"
        self._state: dict[str, dict[str, Any]] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def begin(self, *, at_once: bool = False) -> None:
        """Says what it will do; with `at_once` every market is trained at the first look."""
        if self._command("any") is None:
            log.warning("torch_absent", advice=WITHOUT_TORCH)
        for market in self.markets.values():
            if at_once:
                self._of(market)["asked"] = "start"
        log.info("trainer_starts", markets=sorted(m.name for m in self.markets.values()),
                 auto_promote=self.settings.auto_promote)  # fmt: skip

    def look(self) -> None:
        """One look at every market; what goes wrong with one is told, and the next look tries again."""
        from dataflows.config import FlowError

        for given, market in self.markets.items():
            try:
                self._hear(market)
                self._answer(given, market)
                if self.settings.auto_promote == "on":
                    self._judge(market)
            except (RedisError, FlowError, OSError) as error:
                log.warning("look_failed", market=market.name, error=str(error))
        self._save()

    def _hear(self, market: Market) -> None:
        """Takes in what finals have asked for since the last look; a market's past is not asked."""
        own = self._of(market)
        if "seen" not in own:
            own["seen"] = self.live.newest(market.name)
        reason, own["seen"] = self.live.requests(market.name, own["seen"])
        if reason is not None:
            log.info("training_asked", market=market.name, reason=reason)
            own["asked"] = reason

    def _answer(self, given: str, market: Market) -> None:
        """Trains if it was asked for, torch is there, and the last time is long enough ago."""
        own, command = self._of(market), self._command(given)
        if not own.get("asked") or self.clock() - own.get("trained", 0.0) < self.rest_s:
            return
        if command is None:
            log.warning("not_trained", market=market.name, reason=own.pop("asked"), advice=WITHOUT_TORCH)
            return
        before = self._versions(market)
        reason, own["trained"] = own["asked"], self.clock()
        log.info("training_begins", market=market.name, reason=reason, log=str(self._log(market)))
        status = self._run(command, self._log(market))
        if status is None:  # we were asked to stop: the next start tries again
            own["trained"] = 0.0
            return
        del own["asked"]
        if status != 0:
            log.error("training_failed", market=market.name, status=status, log=str(self._log(market)),
                      advice="what is in force stays so; the next request tries again")  # fmt: skip
            return
        for name, version in sorted(self._versions(market) - before):
            self._bring_in(name, version, market)

    def _run(self, command: list[str], file: Path) -> int | None:
        """The training in a group of its own, that ends with us; its exit status, None where we were asked to stop."""
        child = Child(command, file, self._environment())
        while child.status() is None and not self.stop.wait(0.2):
            pass
        status = child.status()
        stop([child], 10.0)
        return status

    def _bring_in(self, name: str, version: str, market: Market) -> None:
        """Promotes a new version if it passes all checks; one that is only worse runs in the shadow."""
        from dataflows.config import FlowError

        desk = self._desk(name, market)
        try:
            done = desk.promote(version)
            log.info("model_promoted", model=name, version=version, market=market.name, order=done.order)
        except FlowError as error:
            log.warning("model_not_promoted", model=name, version=version, advice=str(error))
            if getattr(error, "reason", None) == "worse":
                desk.challenge(version)
                log.info("model_challenges", model=name, version=version, market=market.name)

    def _judge(self, market: Market) -> None:
        """Promotes challengers that have beaten their champions live."""
        from evaluation.duel import duels

        for duel in duels(self.live.last(market.name, FINALS)):
            log.info("duel", market=market.name, won=duel.won, said=str(duel))
            if duel.won:
                self._desk(duel.name, market).promote(duel.challenger, proven=True)
                log.info("model_promoted", model=duel.name, version=duel.challenger, market=market.name, by="duel")

    def _desk(self, name: str, market: Market) -> Desk:
        from dataflows.promotion import Desk
        from dataflows.sources.control import send

        bootstrap = verbs.kafka(self.settings)
        return Desk(self.settings.registry_dir, name, market, lambda control: send(bootstrap, market.feed, control))

    def _command(self, given: str) -> list[str] | None:
        if self.train is not None:
            return self.train(given)
        if importlib.util.find_spec("torch") is None:
            return None
        return esi("train", "--market", given, *self.arguments)

    def _environment(self) -> dict[str, str]:
        told = {**os.environ, **self.settings.environment()}
        return told | {"ESI_REGISTRY": str(self.settings.registry_dir)}

    def _versions(self, market: Market) -> set[tuple[str, str]]:
        from dataflows.judging import versions_of

        return versions_of(self.settings.registry_dir, market.name)

    def _log(self, market: Market) -> Path:
        return self.settings.data_dir / "logs" / f"train-{market.name}.log"

    def _of(self, market: Market) -> dict[str, Any]:
        return self._state.setdefault(market.name, {})

    def _save(self) -> None:
        write_whole(self._file, json.dumps(self._state))
