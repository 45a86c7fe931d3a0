"""A thousand models swapped under load: nothing lost, nobody late, no memory gone."""

from __future__ import annotations

import gc
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import Final

import psutil

from bench import deep
from bench.case import Figure, require
from bench.step import windows
from dataflows.shelf import giving_way
from models.pipeline import Pipeline
from models.publication import Published
from models.serving.shelf import RegistryShelf
from models.signals.merge import Window
from schemas.market import Market
from schemas.market_file import load
from schemas.reading import decode_reading

WORK: Final = (
    "1,000 swaps of an LSTM, a Transformer and a VAE in turns, from windows of `sim` to published bytes at 200 "
    "readings a second; a second thread copies, verifies, loads and warms each next model from 20 versions on disk "
    "meanwhile, and it is ordered once it is there, as by `esi models promote`"
)
SWAPS: Final = 1_000
PACE_S: Final = 0.005
VERSIONS: Final = 20
"""More than a shelf holds, so that each is loaded again in its turn."""

MINUTES: Final = 30
"""Of windows, each with its final; they are used again and again, at later times."""

CALM: Final = 2_000
"""Readings without a swap, to compare with."""

Versions = dict[str, str]
"""By the names of the models."""

DELAY_BAR: Final = 5.0
GROWTH_BAR: Final = 8.0


@dataclass
class Load:
    """The thread that has models ready before they are ordered."""

    shelf: RegistryShelf
    asked: SimpleQueue[tuple[str, str] | None] = field(default_factory=SimpleQueue)
    ready: SimpleQueue[tuple[str, str]] = field(default_factory=SimpleQueue)

    def run(self) -> None:
        """Until it is told that there is no more."""
        while (one := self.asked.get()) is not None:
            with giving_way():
                self.shelf.prepare(*one)
            self.ready.put(one)


@dataclass
class Ran:
    """What a run gave.

    Attributes:
        asked: end of each window, and the versions in force.
        said: of its reading: id, end of its window, and the versions that it names.
        taken: CPU time of its thread, milliseconds.
        waited: wall time, milliseconds.
        swapped: whether a model was swapped at it.
        sizes: resident memory of the process after every hundredth swap, bytes.
    """

    asked: list[tuple[int, Versions]] = field(default_factory=list)
    said: list[tuple[str, int, Versions]] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    swapped: list[bool] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def check(self) -> None:
        """Every window has its reading, once and in order, and each names the models that were ordered by then.

        Raises:
            WrongOutputError: otherwise.
        """
        require(len({one[0] for one in self.said}) == len(self.asked), "a reading is missing, or came twice")
        for (_, at_us, found), wanted in zip(self.said, self.asked, strict=True):
            require((at_us, found) == wanted, f"said is {found}, asked was {wanted}")


def endless(market: Market, minutes: int = MINUTES) -> Iterator[Window]:
    """Windows of so many minutes, one after the other, and again at later times."""
    made = windows(market, minutes * 60)
    made = made[: max(n for n, window in enumerate(made) if window.final) + 1]
    length_us = made[-1].period_close_us - made[0].period_open_us
    for turn in count():
        yield from (_later(window, turn * length_us) for window in made)


def measure() -> list[Figure]:
    """Delay by a swap, and growth of the process over the last half of the swaps."""
    try:
        calm, swaps = _both()
    finally:
        gc.unfreeze()
    for ran in (calm, swaps):
        ran.check()
    return _figures(calm, swaps)


def _both() -> tuple[Ran, Ran]:
    """Without swaps, and with them."""
    with tempfile.TemporaryDirectory() as folder:
        market = load("sim")
        shelf = deep.shelf(market, Path(folder), VERSIONS)
        pipeline, given = Pipeline(market, shelf=shelf), endless(market)
        for window in islice(given, MINUTES * 60):
            pipeline.follow(replace(window, models=deep.ORDERS))
        gc.collect()
        gc.freeze()  # as a flow does at its start
        return _run(pipeline, islice(given, CALM), None), _with_load(pipeline, given, shelf)


def _with_load(pipeline: Pipeline, given: Iterator[Window], shelf: RegistryShelf) -> Ran:
    loading = Load(shelf)
    thread = threading.Thread(target=loading.run, daemon=True)
    thread.start()
    try:
        return _run(pipeline, given, loading)
    finally:
        loading.asked.put(None)
        thread.join()


def _run(pipeline: Pipeline, given: Iterator[Window], loading: Load | None) -> Ran:
    """Readings at their pace; with a load, until all swaps are done, each as soon as its model is ready."""
    ran, force, done = Ran(), dict(deep.ORDERS), 0
    if loading is not None:
        loading.asked.put(_turn(0))
    for window in given:
        began = time.perf_counter()
        swap = loading is not None and not loading.ready.empty()
        if loading is not None and swap:
            name, version = loading.ready.get()
            done += 1
            force = {key: order for key, order in force.items() if key != name} | {name: f"{version}:{done}"}
            loading.asked.put(_turn(done))
        asked = replace(window, models=tuple(force.items()))
        started, on_cpu = time.perf_counter_ns(), time.thread_time_ns()
        said = pipeline.follow(asked)
        ran.taken.append((time.thread_time_ns() - on_cpu) / 1e6)
        ran.waited.append((time.perf_counter_ns() - started) / 1e6)
        ran.asked.append((asked.at_us, {name: order.split(":")[0] for name, order in asked.models}))
        ran.said.append((said.id, said.at_us, _versions(said)))
        ran.swapped.append(swap)
        if swap and done % 100 == 0:
            ran.sizes.append(psutil.Process().memory_info().rss)
        if done == SWAPS:
            return ran
        time.sleep(max(0.0, PACE_S - (time.perf_counter() - began)))
    return ran


def _versions(said: Published) -> Versions:
    models = decode_reading(said.reading).models
    return models if isinstance(models, dict) else {}


def _turn(n: int) -> tuple[str, str]:
    """Name and version of the model that comes after so many swaps."""
    names = [name for name, _ in deep.ORDERS]
    return names[n % len(names)], str((n // len(names) + 1) % VERSIONS + 1)


def _figures(calm: Ran, swaps: Ran) -> list[Figure]:
    usual, wait = median(calm.taken), median(calm.waited)
    at_swaps = [one - usual for one, swap in zip(swaps.taken, swaps.swapped, strict=True) if swap]
    late = [one - wait for one, swap in zip(swaps.waited, swaps.swapped, strict=True) if swap]
    grown = (swaps.sizes[-1] - swaps.sizes[len(swaps.sizes) // 2 - 1]) / 1e6
    return [
        Figure("swaps/delay", (max(at_swaps),), "ms", DELAY_BAR, higher_is_better=False,
               work="the longest of the 1,000 readings at which a model was swapped: CPU time of its thread beyond the "
               "median reading of such models without swaps"),
        Figure("swaps/usual", (median(at_swaps),), "ms", higher_is_better=False,
               work="the median of the same: what a swap costs; the longest holds whatever else came together"),
        Figure("swaps/late", (max(late),), "ms", DELAY_BAR, higher_is_better=False,
               work="the same by the wall clock, with what the loading thread and everybody else on the machine took"),
        Figure("swaps/noise", (max(calm.waited) - wait,), "ms", higher_is_better=False,
               work="beside it, in the same run: the latest of 2,000 readings without a swap or a load"),
        Figure("swaps/growth", (grown,), "MB", GROWTH_BAR, higher_is_better=False,
               work="resident memory of the process after 1,000 swaps over that after 500"),
        Figure("swaps/readings", (float(len(swaps.said)),), "readings", work="published meanwhile, each once"),
    ]  # fmt: skip


def _later(window: Window, by_us: int) -> Window:
    return replace(
        window,
        at_us=window.at_us + by_us,
        period_open_us=window.period_open_us + by_us,
        period_close_us=window.period_close_us + by_us,
        bars=replace(window.bars, end_us=window.bars.end_us + by_us),
    )
