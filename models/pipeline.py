"""All steps of a market in their order, and the same composed in one process."""

from __future__ import annotations

from typing import Any, NamedTuple

from models.calendars import schedule_of, sessions_of
from models.one_core import one_core
from models.publication import Publication, Published
from models.scores import scoring
from models.serving.seats import Shelf
from models.signals.bank import IndicatorBank
from models.signals.correlation import Correlation
from models.signals.diurnal import AdjustedPath
from models.signals.index import StressIndex
from models.signals.merge import BarMerge, Window
from models.signals.path import PeriodPath
from models.signals.step import State, Step
from models.signals.volatility import Volatility
from schemas.bars import Partial
from schemas.market import Market


class Stage(NamedTuple):
    """A step in its place.

    Attributes:
        name: of the step, unique in the pipeline.
        step: the step; `merge` gives a list of windows for a partial, the others one output for one input.
        always_update: True where provisional windows commit too; else only finals do.
    """

    name: str
    step: Step[Any, Any, Any]
    always_update: bool


def steps(market: Market, partitions: int, run: str | None = None, shelf: Shelf | None = None) -> list[Stage]:
    """Fresh steps of a market, in order.

    Args:
        market: the market.
        partitions: partitions of its feed.
        run: name of the run that the readings belong to, if it is a replay.
        shelf: where models are found that control records promote; without one they are named and not used.
    """
    one_core()
    schedule = schedule_of(market)
    return [
        Stage("merge", BarMerge(market, schedule, partitions), True),
        Stage("path", _path(market), True),
        Stage("volatility", Volatility(market), False),
        Stage("correlation", Correlation(market), False),
        Stage("indicators", IndicatorBank(market), False),
        Stage("index", StressIndex(market), False),
        Stage("scores", scoring(market, shelf), False),
        Stage("publication", Publication(market, schedule.periods_per_year, run), False),
    ]


def _path(market: Market) -> Step[Any, Any, Any]:
    """With or without the time of day, as the file has it."""
    return PeriodPath(market) if market.diurnal is None else AdjustedPath(market, sessions_of(market))


class Pipeline:
    """The steps of one market in one process: for tests, benchmarks and evaluation."""

    def __init__(self, market: Market, partitions: int = 1, run: str | None = None, shelf: Shelf | None = None) -> None:
        """As `steps`."""
        self.stages = steps(market, partitions, run, shelf)

    def feed(self, partial: Partial) -> list[Published]:
        """What the partial publishes, in order of time."""
        windows: list[Window] = self.stages[0].step.update(partial)
        return [self.follow(window) for window in windows]

    def follow(self, window: Window) -> Published:
        """What one window publishes: finals are updates, provisional readings are peeks."""
        item: Any = window
        for _, step, always_update in self.stages[1:]:
            item = step.update(item) if always_update or item.final else step.peek(item)
        published: Published = item
        return published

    def snapshot(self) -> State:
        """The state of every step by its name."""
        return {name: step.snapshot() for name, step, _ in self.stages}

    def restore(self, state: State) -> None:
        """Continues from a snapshot.

        Raises:
            StateVersionError: a step refuses; nothing is half restored if it is the first one.
        """
        for name, step, _ in self.stages:
            step.restore(state[name])
