"""Training on request: what finals ask for, what it leads to, and who comes into force."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part

from __future__ import annotations

import importlib.util
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from deploy import verbs
from deploy.child import Child, stop
from deploy.live_finals import LiveFinals
from deploy.servers import esi
from deploy.settings import Settings
from deploy.training_notes import Notes
from schemas.market import Market

if TYPE_CHECKING:
    from dataflows.promotion import Desk
    from evaluation.duel import Duel

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
        """Connects, and reads how far it was.

        Raises:
            TrainerBusyError: another one looks after a market.
        """
        self.live = LiveFinals(verbs.redis(self.settings))
        self.notes = {market.name: Notes(self.settings.data_dir, market.name) for market in self.markets.values()}

    def begin(self, *, at_once: bool = False) -> None:
        """Says what it will do; with `at_once` every market is trained at the first look."""
        if self._command("any") is None:
            log.warning("torch_absent", advice=WITHOUT_TORCH)
        for notes in self.notes.values():
            notes.asked = "start" if at_once else notes.asked
        log.info("trainer_starts", markets=sorted(self.notes), auto_promote=self.settings.auto_promote)

    def look(self) -> None:
        """One look at every market; what goes wrong with one is told, and the next look tries again."""
        from dataflows.config import FlowError

        for given, market in self.markets.items():
            notes = self.notes[market.name]
            try:
                self._hear(market, notes)
                self._answer(given, market, notes)
                self._bring_in(market, notes)
                if self.settings.auto_promote == "on":
                    self._judge(market, notes)
            except (RedisError, FlowError, OSError) as error:
                log.warning("look_failed", market=market.name, error=str(error))
            notes.save()

    def close(self) -> None:
        """Lets go of everything."""
        self.live.close()
        for notes in self.notes.values():
            notes.close()

    def _hear(self, market: Market, notes: Notes) -> None:
        """Takes in what finals have asked for since the last look; a market's past is not asked."""
        notes.seen = notes.seen or self.live.newest(market.name)
        reason, notes.seen = self.live.requests(market.name, notes.seen)
        if reason is not None:
            log.info("training_asked", market=market.name, reason=reason)
            notes.asked = reason

    def _answer(self, given: str, market: Market, notes: Notes) -> None:
        """Trains if it was asked for, torch is there, and the last time is long enough ago."""
        command = self._command(given)
        if not notes.asked or self.clock() - notes.trained < self.rest_s:
            return
        if command is None:
            log.warning("not_trained", market=market.name, reason=notes.asked, advice=WITHOUT_TORCH)
            notes.asked = ""
            return
        before = self._versions(market)
        notes.save()  # whoever is killed in a training begins with it again
        log.info("training_begins", market=market.name, reason=notes.asked, log=str(self._log(market)))
        status = self._run(command, self._log(market))
        if status is None:  # we were asked to stop: as if killed
            return
        notes.asked, notes.trained = "", self.clock()
        if status != 0:
            log.error("training_failed", market=market.name, status=status, log=str(self._log(market)),
                      advice="what is in force stays so; the next request tries again")  # fmt: skip
            return
        notes.arrived += [list(one) for one in sorted(self._versions(market) - before)]
        log.info("training_ended", market=market.name, models=[" ".join(one) for one in notes.arrived])

    def _run(self, command: list[str], file: Path) -> int | None:
        """The training in a group of its own, that ends with us; its exit status, None where we were asked to stop."""
        child = Child(command, file, self._environment())
        while child.status() is None and not self.stop.wait(0.2):
            pass
        status = child.status()
        stop([child], 10.0)
        return status

    def _bring_in(self, market: Market, notes: Notes) -> None:
        """Brings in what was trained; whom no check keeps out, as when a server is away, is tried again."""
        from dataflows.promotion import PromotionError

        for name, version in list(notes.arrived):
            desk = self._desk(name, market)
            try:
                self._enter(desk, version)
            except PromotionError as error:
                log.warning("model_not_promoted", model=name, version=version, advice=str(error))
                if error.reason is None:
                    continue
            notes.arrived.remove([name, version])

    def _enter(self, desk: Desk, version: str) -> None:
        """Promotes a new version if it passes all checks; one that is only worse runs in the shadow."""
        from dataflows.promotion import PromotionError

        try:
            done = desk.promote(version)
            log.info("model_promoted", model=desk.name, version=version, market=desk.market.name, order=done.order)
        except PromotionError as error:
            if error.reason != "worse":
                raise
            log.warning("model_not_promoted", model=desk.name, version=version, advice=str(error))
            desk.challenge(version)
            log.info("model_challenges", model=desk.name, version=version, market=desk.market.name)

    def _judge(self, market: Market, notes: Notes) -> None:
        """Promotes challengers that have beaten their champions live; each duel once per so many new labels."""
        from evaluation.duel import duels

        found = {
            f"{one.name} {one.champion} {one.challenger}": one for one in duels(self.live.last(market.name, FINALS))
        }
        notes.verdicts = {key: said for key, said in notes.verdicts.items() if key in found}
        for key, duel in found.items():
            if not duel.is_due(notes.verdicts.get(key, "")):
                continue
            log.info("duel", market=market.name, won=duel.won, said=str(duel))
            if duel.won:
                self._crown(duel, market)
            notes.verdicts[key] = duel.spoken[-1]

    def _crown(self, duel: Duel, market: Market) -> None:
        """Promotes the winner; one that fails the checks by now stays out until the next verdict."""
        from dataflows.promotion import PromotionError

        try:
            self._desk(duel.name, market).promote(duel.challenger, proven=True)
            log.info("model_promoted", model=duel.name, version=duel.challenger, market=market.name, by="duel")
        except PromotionError as error:
            if error.reason is None:
                raise
            log.warning("model_not_promoted", model=duel.name, version=duel.challenger, advice=str(error))

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
        return esi("train", "--market", given, "--resume", *self.arguments)

    def _environment(self) -> dict[str, str]:
        told = {**os.environ, **self.settings.environment()}
        return told | {"ESI_REGISTRY": str(self.settings.registry_dir)}

    def _versions(self, market: Market) -> set[tuple[str, str]]:
        from dataflows.judging import versions_of

        return versions_of(self.settings.registry_dir, market.name)

    def _log(self, market: Market) -> Path:
        return self.settings.data_dir / "logs" / f"train-{market.name}.log"
