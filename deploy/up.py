"""`esi up`: everything in one command, watched over until somebody says stop."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from types import FrameType

from deploy.api_config import check_api
from deploy.artifacts import artifacts, has_saved
from deploy.child import put_aside
from deploy.choice import Choice, choose_markets, choose_port, page_built
from deploy.console import Console
from deploy.history_bar import HistoryBar
from deploy.plan import HISTORY_FEED, SIM_FEED, Plan, api_url, feeds
from deploy.program import REFUSES, Program
from deploy.published import Published
from deploy.servers import Servers
from deploy.settings import Settings
from deploy.state import Lock, Running, Up, end_leftovers
from deploy.supervisor import Supervisor
from deploy.tail import Tail, important
from deploy.users import first_link
from schemas.market_file import load

TICK_S = 0.1
GIVE_UP_AFTER = 7
"""Falls in a row after which `--once` ends with an error; a long-lived `esi up` goes on trying."""

STARTING = "Starting. The first start compiles the flow's code: a minute or two, in which little is to be seen."


class Session:
    """One `esi up`, from lock to last process."""

    def __init__(self, settings: Settings, choice: Choice, console: Console) -> None:
        self._choice, self._console = choice, console
        self._settings = settings = choose_markets(choose_port(settings, choice, console.tell), choice)
        self._servers = Servers(settings)
        self._plan = Plan(settings, self._servers)
        self._feeds = feeds(settings.markets)
        self._artifacts = artifacts(settings)
        self._started = time.time()
        programs = [*self._servers.programs(), self._plan.archive(), *self._plan.flows(), *self._window()]
        if HISTORY_FEED in self._feeds:
            programs.append(self._plan.history())
        self._supervisor = Supervisor(programs, settings.data_dir / "logs", console.tell, self._write)
        self._tails = {name: Tail(self._supervisor.log(name)) for name in self._supervisor.services}
        self.asked = threading.Event()

    def _window(self) -> list[Program]:
        """Alerts, trainer, the API, and the page if it has to be built; none of them for a run that ends by itself."""
        if self._choice.once:
            return []
        behind = [self._plan.alerts(), *self._plan.trainer()]
        if self._choice.page and not page_built():
            return [*behind, self._plan.page(), *self._plan.api("page")]
        return [*behind, *self._plan.api()]

    def run(self) -> int:
        """Runs until done (`--once`) or asked to stop; leaves no process. Returns the exit status."""
        self._servers.prepare()
        self._bring_champions()
        try:
            return self._run()
        finally:
            self._console.finish()
            if self.asked.is_set():
                self._console.tell(f"Stopping: waiting for {self._supervisor.waits()}. Ctrl-C again does not wait.")
            self._supervisor.stop()

    def _bring_champions(self) -> None:
        """Gives a fresh history the models that are shipped; one that is past their order begins with none."""
        from dataflows.champions import bring  # noqa: PLC0415 - only what is fresh needs it

        for name in self._feeds.get(HISTORY_FEED, ()):
            if not has_saved(self._settings, HISTORY_FEED):
                brought = bring(self._settings.champions_dir, self._settings.registry_dir, load(name))
                if brought:
                    self._console.tell(f"Shipped models in the registry: {', '.join(brought)} (`esi models list`).")

    def _run(self) -> int:
        self._console.tell(STARTING)
        if HISTORY_FEED in self._feeds and not self._replay():
            return self._verdict()
        if self._choice.once:
            self._conclude()
            return self._verdict()
        if SIM_FEED in self._feeds:
            self._supervisor.add(self._plan.simulator())
            self._tails["sim"] = Tail(self._supervisor.log("sim"))
        if not self._wait(self._supervisor.running):
            return self._verdict()
        self._console.tell(self._welcome())
        if (link := first_link(self._settings, self._servers.postgres_url)) is not None:
            self._console.tell(link)
        self._wait(lambda: False)
        return self._verdict()

    def _replay(self) -> bool:
        """Waits until the history is published; whether it was."""
        with closing(self._published(load(self._feeds[HISTORY_FEED][0]).name)) as published:
            bar = HistoryBar(self._settings.data_dir, self._console)
            done = self._wait(lambda: bar.show(published) or self._supervisor.done("history"))
            self._console.finish()
            return done

    def _conclude(self) -> None:
        """Waits until all is archived; prints the last final of each market, that of the replayed history last."""
        replayed = [load(name).name for name in self._feeds.get(HISTORY_FEED, ())]
        for market in (*(name for name in self._artifacts if name not in replayed), *replayed):
            with closing(self._published(market)) as published:
                if not self._wait(partial(self._is_whole, published, market)):
                    return
                line = json.dumps(published.final(), ensure_ascii=False, separators=(",", ":"))
                print(line, flush=True)  # noqa: T201

    def _is_whole(self, published: Published, market: str) -> bool:
        """Whether all that a market has is archived, with what its artifact holds."""
        final, artifact = published.final(), self._artifacts.get(market)
        reached = artifact is None or (final is not None and final["at"] >= artifact.last)
        return reached and published.archived()

    def _published(self, market: str) -> Published:
        return Published(self._servers.redis_url, self._servers.postgres_url, market)

    def _wait(self, over: Callable[[], bool]) -> bool:
        """Ticks until `over` (True), or until asked to stop or hopeless (False)."""
        while not (self.asked.is_set() or self._supervisor.refused or self._hopeless()):
            self._supervisor.tick()
            self._pass_on()
            if over():
                return True
            self.asked.wait(TICK_S)
        return False

    def _hopeless(self) -> str:
        """Who fell again and again, in words, where that ends the matter; a full disk is waited for."""
        if not self._choice.once or self._supervisor.disk.full:
            return ""
        fallen = [name for name, service in self._supervisor.services.items() if service.falls >= GIVE_UP_AFTER]
        return f"{', '.join(fallen)} fell {GIVE_UP_AFTER} times; see {self._settings.data_dir}/logs" if fallen else ""

    def _verdict(self) -> int:
        """Exit status, with why it gives up."""
        if why := self._supervisor.refused or self._hopeless():
            self._console.tell(f"Giving up: {why}")
            return REFUSES if self._supervisor.refused else 1
        return 130 if self.asked.is_set() and self._choice.once else 0

    def _pass_on(self) -> None:
        for name, tail in self._tails.items():
            for line in tail.lines():
                if sentence := important(line):
                    self._console.tell(f"{name}: {sentence}")
            put_aside(self._supervisor.log(name))

    def _welcome(self) -> str:
        told = [f"`{name}` begins with {m.finals:,} finals up to {m.last[:10]}." for name, m in self._artifacts.items()]
        if SIM_FEED in self._feeds:
            told.append(f"`sim` is synthetic: {self._settings.rate:,} made-up ticks a second.")
        return f"The page: {api_url(self._settings)}   {' '.join([*told, 'Ctrl-C stops everything.'])}"

    def _write(self) -> None:
        running = []
        for name, service in self._supervisor.services.items():
            alive, program = service.child, service.program
            running.append(
                Running(
                    name=name,
                    state=service.state,
                    pid=alive.pid if alive else None,
                    url=program.url() or None,
                    metrics_port=program.metrics_port(),
                    started=alive.started if alive else None,
                    starts=service.starts,
                )
            )
        self._up(tuple(running)).write(self._settings.data_dir)

    def _up(self, running: tuple[Running, ...]) -> Up:
        return Up(
            pid=os.getpid(),
            started=self._started,
            api_url=api_url(self._settings),
            kafka_url=self._servers.kafka_url,
            redis_url=self._servers.redis_url,
            postgres_url=self._servers.postgres_url,
            markets=self._settings.markets,
            processes=running,
        )


def run(settings: Settings, choice: Choice) -> int:
    """Runs `esi up` to its end and returns its exit status.

    Raises:
        BusyError: another `esi up` has the data folder.
        MarketFileError: a market cannot be used.
        PortError: the port that was asked for is taken.
        PostgresError: the embedded PostgreSQL cannot be prepared.
        SettingsError: the settings of the API cannot work together.
    """
    check_api(settings)
    feeds(settings.markets)  # before anything is made: a market that is none leaves nothing behind
    lock = Lock(settings.data_dir)
    with Console() as console:
        if ended := end_leftovers(Up.read(settings.data_dir)):
            console.tell(f"Ended what an earlier `esi up` had left: {', '.join(ended)}")
        session = Session(settings, choice, console)
        _listen(session)
        try:
            return session.run()
        finally:
            lock.release()


def _listen(session: Session) -> None:
    """The first signal stops in order; a second one ends us, and the kernel the rest."""

    def ask(number: int, _: FrameType | None) -> None:
        if session.asked.is_set():
            sys.exit(128 + number)
        session.asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
