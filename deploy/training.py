"""Training on request: what finals ask for, what it leads to, and who comes into force."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from deploy import training_metrics as metrics
from deploy import verbs
from deploy.child import Child, stop
from deploy.live_finals import FINALS, LiveFinals
from deploy.settings import Settings
from deploy.training_command import NoTrainingError, command
from deploy.training_notes import Notes
from schemas.market import Market

if TYPE_CHECKING:
    from dataflows.promotion import Desk
    from evaluation.duel import Duel

log = structlog.get_logger()


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

    def begin(self, *, at_once: bool = False, metrics_port: int | None = None) -> None:
        """Says what it will do, and where its metrics are; with `at_once` every market is trained at the first look."""
        for given, market in self.markets.items():
            notes = self.notes[market.name]
            metrics.begin(market.name, notes.trained)
            notes.asked = "start" if at_once else notes.asked
            try:
                self._command(given, market)
            except NoTrainingError as error:
                log.warning("cannot_train", market=market.name, advice=str(error))
        log.info("trainer_starts", markets=sorted(self.notes), auto_promote=self.settings.auto_promote,
                 metrics_port=metrics_port)  # fmt: skip

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
                metrics.FAILED_LOOKS.labels(market.name).inc()
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
            metrics.ASKED.labels(market.name, reason).inc()
            log.info("training_asked", market=market.name, reason=reason)
            notes.asked = reason

    def _answer(self, given: str, market: Market, notes: Notes) -> None:
        """Trains if it was asked for, it can be done here, and the last time is long enough ago."""
        if not notes.asked or self.clock() - notes.trained < self.rest_s:
            return
        try:
            wanted = self._command(given, market)
        except NoTrainingError as error:
            metrics.TRAININGS.labels(market.name, "impossible").inc()
            log.warning("not_trained", market=market.name, reason=notes.asked, advice=str(error))
            notes.asked = ""
            return
        notes.before = self._versions(market) if notes.before is None else notes.before
        notes.save()  # whoever is killed in a training begins with it again, and what it has left by then counts
        log.info("training_begins", market=market.name, reason=notes.asked, log=str(self._log(market)))
        began = self.clock()
        with metrics.RUNNING.labels(market.name).track_inprogress():
            status = self._run(wanted, self._log(market))
        if status is not None:  # else we were asked to stop: as if killed
            self._ended(market, notes, status, self.clock() - began)

    def _ended(self, market: Market, notes: Notes, status: int, seconds: float) -> None:
        """Notes what came of a training."""
        before, notes.before = notes.before or [], None
        notes.asked, notes.trained = "", self.clock()
        metrics.TRAININGS.labels(market.name, "failed" if status else "trained").inc()
        metrics.LAST.labels(market.name).set(notes.trained)
        metrics.SECONDS.labels(market.name).set(seconds)
        if status != 0:
            log.error("training_failed", market=market.name, status=status, log=str(self._log(market)),
                      advice="what is in force stays so; the next request tries again")  # fmt: skip
            return
        notes.arrived += [one for one in self._versions(market) if one not in before]
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
            try:
                done = self._desk(name, market).enter(version, replaces=True)
            except PromotionError as error:
                log.warning("model_not_promoted", model=name, version=version, advice=str(error))
                if error.reason is None:
                    continue
                metrics.ENTERED.labels(market.name, name, "refused").inc()
            else:
                metrics.ENTERED.labels(market.name, name, done.role).inc()
                event = "model_promoted" if done.role == "champion" else "model_challenges"
                log.info(event, model=name, version=version, market=market.name, order=done.order)
            notes.arrived.remove([name, version])

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
            metrics.DUELS.labels(market.name, "challenger" if duel.won else "nobody").inc()
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

    def _command(self, given: str, market: Market) -> list[str]:
        """The training of a market.

        Raises:
            NoTrainingError: it cannot be trained here.
        """
        return command(self.settings, market, given, self.arguments) if self.train is None else self.train(given)

    def _environment(self) -> dict[str, str]:
        told = {**os.environ, **self.settings.environment()}
        return told | {"ESI_REGISTRY": str(self.settings.registry_dir)}

    def _versions(self, market: Market) -> list[list[str]]:
        """Name and version of each model of a market, in order."""
        from dataflows.judging import versions_of

        return [list(one) for one in sorted(versions_of(self.settings.registry_dir, market.name))]

    def _log(self, market: Market) -> Path:
        return self.settings.data_dir / "logs" / f"train-{market.name}.log"
