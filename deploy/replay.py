"""`esi replay`: a trade file as ticks into a run of its own, from the first tick to the last reading."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy import logs
from deploy.console import Console
from deploy.neighbour import joined
from deploy.plan import Plan
from deploy.published import Published
from deploy.servers import Servers
from deploy.settings import Settings
from deploy.state import Lock
from deploy.supervisor import Supervisor
from deploy.tail import Tail, important
from schemas import names
from schemas.market import Market
from schemas.market_file import load

if TYPE_CHECKING:
    from dataflows.sources.trades import Trades
    from dataflows.tally import Tally

TICK_S = 0.05
GIVE_UP_AFTER = 5


class ReplayError(RuntimeError):
    """A replay that cannot start or end; the message says why and what to do."""


@dataclass(frozen=True)
class Request:
    """What is replayed: files in time order, into which market, how fast (None: at once), under which run name."""

    files: tuple[Path, ...]
    market: str
    speed: float | None
    run: str


@dataclass
class _Sending:
    """How far the sending thread is, and what went wrong in it."""

    done: int = 0
    whole: int = 0
    error: BaseException | None = None
    stop: threading.Event = field(default_factory=threading.Event)


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


def run(settings: Settings, request: Request) -> dict[str, Any]:
    """Replays to the end and returns the last reading.

    Raises:
        ReplayError: no way to go on.
        MarketFileError: the market cannot be used.
        TradeFileError: a file cannot be read.
    """
    from dataflows.sources import trades  # noqa: PLC0415 - arrow and numba, for this verb only

    # what clients warn of belongs to standard error: the last reading is alone on standard output
    logs.configure("replay", settings.log_level, settings.log_format)
    market, table = load(request.market), trades.read(request.files)
    with ExitStack() as leaving:
        console = leaving.enter_context(Console())
        settings = joined(settings)
        if not (settings.kafka_url and settings.redis_url):
            leaving.callback(Lock(settings.data_dir).release)
        servers = Servers(settings, archive=False)
        servers.prepare()
        plan = Plan(settings, servers)
        flow = plan.flow(names.with_run(market.feed, request.run), [request.market], request.run)
        supervisor = Supervisor([*servers.programs(), flow], settings.data_dir / "logs", console.tell)
        leaving.callback(supervisor.stop)
        return _Replay(request, market, plan, supervisor, console).run(table)


class _Replay:
    """One replay: a thread sends, the main thread looks after the flow and draws the bar."""

    def __init__(self, request: Request, market: Market, plan: Plan, supervisor: Supervisor, console: Console) -> None:
        self._request, self._market, self._plan = request, market, plan
        self._supervisor, self._console = supervisor, console
        self._feed = names.with_run(market.feed, request.run)
        self._sending = _Sending()
        self._tally: Tally | None = None
        self._tails = {name: Tail(supervisor.log(name)) for name in supervisor.services}

    def run(self, table: Trades) -> dict[str, Any]:
        """Sends everything, waits for the last reading, and says what was rejected."""
        from dataflows import tally as rejects  # noqa: PLC0415 - see `run`

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._sending.stop.set())
        whole, name = len(table.code), names.with_run(self._market.name, self._request.run)
        self._console.tell(f"Replaying {whole:,} ticks into the run {name}, each through Kafka and the flow.")
        self._until(lambda: all(s.state == "running" for s in self._supervisor.services.values()))
        self._tally = rejects.Tally(self._plan.environment()["ESI_KAFKA_URL"], self._feed)
        thread = threading.Thread(target=self._send, args=(table,), name="sender")
        thread.start()
        try:
            self._until(lambda: not thread.is_alive())
        finally:
            self._sending.stop.set()
            thread.join(10)
        if self._sending.error is not None:
            raise self._sending.error
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

    def _send(self, table: Trades) -> None:
        """The thread's work: every tick, and then the wait until the flow has closed and saved the last bar."""
        from dataflows.sources import sender, trades  # noqa: PLC0415 - see `run`

        told = self._plan.environment()
        target = sender.SenderConfig(
            told["ESI_KAFKA_URL"],
            self._feed,
            told.get("ESI_BROKER_INCARNATION", ""),
            stop=self._sending.stop.is_set,
        )
        try:
            config = trades.TradesConfig(target, self._request.files, self._request.speed, self._note)
            end_us = trades.send(config, table) - self._market.lateness
            sender.Sender(target).wait_until_durable(end_us // self._market.pace_us * self._market.pace_us)
        except sender.Stopped:
            return
        except Exception as error:  # it is the main thread's to tell
            self._sending.error = error

    def _note(self, done: int, whole: int) -> None:
        self._sending.done, self._sending.whole = done, whole

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
            if self._sending.stop.is_set():
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
        if self._sending.whole:
            text = f"{self._sending.done:,} ticks sent"
            self._console.progress(self._market.name, self._sending.done, self._sending.whole, text)


def shown(reading: dict[str, Any]) -> str:
    """A reading as a sentence."""
    index = "unknown" if reading["index"] is None else f"{reading['index']:.2f}"
    kind = "final" if reading["final"] else "provisional"
    return f"{reading['market']} at {reading['at']}: index {index} ({kind}, {reading['level']})"


def as_json(reading: dict[str, Any]) -> str:
    """A reading as one line of JSON."""
    return json.dumps(reading, ensure_ascii=False, separators=(",", ":"))
