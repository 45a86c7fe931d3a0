"""`esi replay`: a trade file as ticks into a run of its own, from the first tick to the last reading."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy import logs
from deploy.console import Console
from deploy.neighbour import joined
from deploy.plan import Plan
from deploy.published import Published
from deploy.sending import Sending
from deploy.servers import Servers
from deploy.settings import Settings
from deploy.state import Lock
from deploy.supervisor import Supervisor
from deploy.tail import Tail, important
from schemas import names
from schemas.market import Market
from schemas.market_file import load
from schemas.names import REJECTS_TOPIC

if TYPE_CHECKING:
    from dataflows.sources.trade_table import Trades
    from dataflows.sources.trades import TradesConfig
    from dataflows.tally import Tally

TICK_S = 0.05
GIVE_UP_AFTER = 5
NAMED = 5
"""Rows that cannot be read that are named one by one."""


class ReplayError(RuntimeError):
    """A replay that cannot start or end; the message says why and what to do."""


@dataclass(frozen=True)
class Request:
    """What is replayed: files in time order, into which market, how fast (None: at once), under which run name."""

    files: tuple[Path, ...]
    market: str
    speed: float | None
    run: str


@dataclass(frozen=True)
class Outcome:
    """What a replay leaves: the last reading, and whether everything in its files could be read."""

    reading: dict[str, Any]
    is_whole: bool

    @property
    def exit_status(self) -> int:
        """0, or 3 where rows were refused or a file was cut: what is published lacks them."""
        return 0 if self.is_whole else 3


def speed_of(text: str) -> float | None:
    """`60` and `60x` are event seconds a second; `max` is None, as fast as it goes.

    Raises:
        ReplayError: neither.
    """
    if text == "max":
        return None
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        msg = f"--speed is {text!r}: allowed is a number of event seconds a second, such as 60, or max"
        raise ReplayError(msg)
    return speed


def run_name(file: Path) -> str:
    """A name for a run that nobody has used yet: the file's, and the second."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", file.name.split(".")[0]).strip("-") or "run"
    return f"{stem[:40]}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"


def run(settings: Settings, request: Request) -> Outcome:
    """Replays to the end.

    Raises:
        ReplayError: no way to go on.
        MarketFileError: the market cannot be used.
        TradeFileError: nothing of a file can be read.
    """
    from dataflows.sources import trade_table  # noqa: PLC0415 - arrow and numba, for this verb only

    # what clients warn of belongs to standard error: the last reading is alone on standard output
    logs.configure("replay", settings.log_level, settings.log_format)
    market, table = load(request.market), trade_table.read(request.files)
    with ExitStack() as leaving:
        console = leaving.enter_context(Console())
        for sentence in unread(table):
            console.tell(sentence)
        settings = joined(settings)
        if not (settings.kafka_url and settings.redis_url):
            leaving.callback(Lock(settings.data_dir).release)
        servers = Servers(settings, archive=False)
        servers.prepare()
        plan = Plan(settings, servers)
        flow = plan.flow(names.with_run(market.feed, request.run), [request.market], request.run)
        supervisor = Supervisor([*servers.programs(), flow], settings.data_dir / "logs", console.tell)
        leaving.callback(supervisor.stop)
        reading = _Replay(request, market, plan, supervisor, console).run(table)
        return Outcome(reading, not (table.refused or table.cut))


def unread(table: Trades) -> list[str]:
    """What of the files cannot be read, the first rows by name."""
    rows = [f"Not read: {row}" for row in table.refused[:NAMED]]
    if (more := len(table.refused) - NAMED) > 0:
        rows.append(f"Not read: {more:,} more rows; all {len(table.refused):,} go to the topic {REJECTS_TOPIC}")
    return [*(f"Not whole: {sentence}" for sentence in table.cut), *rows]


class _Replay:
    """One replay: a thread sends, the main thread looks after the flow and draws the bar."""

    def __init__(self, request: Request, market: Market, plan: Plan, supervisor: Supervisor, console: Console) -> None:
        self._request, self._market, self._plan = request, market, plan
        self._supervisor, self._console = supervisor, console
        self._feed = names.with_run(market.feed, request.run)
        self._stop = threading.Event()
        self._sending: Sending | None = None
        self._tally: Tally | None = None
        self._tails = {name: Tail(supervisor.log(name)) for name in supervisor.services}

    def run(self, table: Trades) -> dict[str, Any]:
        """Sends everything, waits for the last reading, and says what was rejected."""
        from dataflows import tally as rejects  # noqa: PLC0415 - see `run`

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stop.set())
        whole, name = len(table.code), names.with_run(self._market.name, self._request.run)
        self._console.tell(f"Replaying {whole:,} ticks into the run {name}, each through Kafka and the flow.")
        self._until(lambda: all(s.state == "running" for s in self._supervisor.services.values()))
        self._tally = rejects.Tally(self._plan.environment()["ESI_KAFKA_URL"], self._feed)
        self._sending = sending = Sending(self._target(), self._market, table)
        sending.start()
        try:
            self._until(sending.is_over)
        finally:
            self._stop.set()
            sending.join(10)
        if sending.error is not None:
            raise sending.error
        self._tally.finish()
        self._console.finish()
        self._console.tell(rejects.sentence(self._tally))
        return self._newest(name)

    def _newest(self, name: str) -> dict[str, Any]:
        published = Published(self._plan.servers.redis_url, "", name)
        try:
            reading = published.newest()
        finally:
            published.close()
        if reading is None:
            market = self._market.name
            msg = f"the ticks are through, and gave no reading: are they inside a session of market {market}?"
            raise ReplayError(msg)
        return reading

    def _target(self) -> TradesConfig:
        """Where the ticks go, now that the broker is there."""
        from dataflows.sources import sender, trades  # noqa: PLC0415 - see `run`

        told = self._plan.environment()
        incarnation = told.get("ESI_BROKER_INCARNATION", "")
        target = sender.SenderConfig(told["ESI_KAFKA_URL"], self._feed, incarnation, stop=self._stop.is_set)
        return trades.TradesConfig(target, self._request.files, self._request.speed, self._note)

    def _note(self, sent: int, _whole: int) -> None:
        if self._sending is not None:
            self._sending.journey.sent = sent

    def _until(self, over: Callable[[], bool]) -> None:
        """Looks after the flow until `over`.

        Raises:
            ReplayError: asked to stop, or the flow or the broker is beyond help.
        """
        broker = self._plan.environment().get("ESI_KAFKA_URL")
        again = f"to go on, repeat the command with --run {self._request.run}"
        while not over():
            self._supervisor.tick()
            self._draw()
            if self._stop.is_set():
                msg = f"stopped; {again}"
                raise ReplayError(msg)
            if broker and broker != self._plan.environment().get("ESI_KAFKA_URL"):
                msg = f"the broker ended and began anew; {again}"
                raise ReplayError(msg)
            if why := self._supervisor.refused:
                raise ReplayError(why)
            fallen = [s.program.name for s in self._supervisor.services.values() if s.falls >= GIVE_UP_AFTER]
            if fallen and not self._supervisor.disk.full:
                msg = f"{', '.join(fallen)} fell {GIVE_UP_AFTER} times: see {self._plan.settings.data_dir / 'logs'}"
                raise ReplayError(msg)
            time.sleep(TICK_S)

    def _draw(self) -> None:
        for name, tail in self._tails.items():
            for line in tail.lines():
                if sentence := important(line):
                    self._console.tell(f"{name}: {sentence}")
        if self._tally is not None:
            self._tally.poll()
        if self._sending is not None:
            self._sending.journey.show(self._market.name, self._console)


def shown(reading: dict[str, Any]) -> str:
    """A reading as a sentence."""
    index = "unknown" if reading["index"] is None else f"{reading['index']:.2f}"
    kind = "final" if reading["final"] else "provisional"
    return f"{reading['market']} at {reading['at']}: index {index} ({kind}, {reading['level']})"


def as_json(reading: dict[str, Any]) -> str:
    """A reading as one line of JSON."""
    return json.dumps(reading, ensure_ascii=False, separators=(",", ":"))
