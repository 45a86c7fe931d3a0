"""A load on a plan, millisecond by millisecond: bursts of ticks, saves that stop a worker, viewers in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bench import capacity
from bench.capacity import Load, Plan

Floats = npt.NDArray[np.float64]

SECONDS: Final = 20
RECORD: Final = 8_192
BELL: Final = (5.0, 6.0, 3.0)
"""From when to when an opening bell multiplies the ticks, and by how much."""

PICKLE_MS: Final = 0.42
"""Of a megabyte of state where it is made: every worker copies its own, and sends it to the one that writes."""


@dataclass(frozen=True)
class Seen:
    """What a simulated load led to.

    Attributes:
        p50, p99, most: from a step's end to its reading in Redis, milliseconds.
        viewer: from there to the last viewer's socket, milliseconds; the worst.
        recovered: seconds after the bell until readings are as early as before it; infinite where they never are.
        keeps_up: whether what waits at the end is no more than in a usual second.
    """

    p50: float
    p99: float
    most: float
    viewer: float
    recovered: float
    keeps_up: bool


def ticks(load: Load, workers: int, seed: int) -> Floats:
    """Ticks that come to each worker in each millisecond, whole records, float64[ms, workers]."""
    at = np.arange(SECONDS * 1000) / 1000
    begin, end, factor = BELL
    rate = load.ticks / 1000 / workers * np.where((at >= begin) & (at < end), factor, 1.0)
    size = RECORD if load.kind is capacity.ARROW else 1
    return np.random.default_rng(seed).poisson(rate[:, None] / size, (len(at), workers)).astype(np.float64) * size


def served(load: Load, plan: Plan) -> Floats:
    """Share of each millisecond in which each worker reads ticks, float64[ms, workers]: it also saves and thinks."""
    at = np.arange(SECONDS * 1000, dtype=np.float64)
    free = np.ones((len(at), plan.workers))
    write = capacity.save_ms(load, plan.partitions)
    own = write / capacity.SAVE_MS * PICKLE_MS / plan.workers
    every = 1000 / load.readings
    free[:, 1:] -= _busy(at, capacity.EPOCH_MS, own)[:, None]
    free[:, 0] -= np.minimum(_busy(at, capacity.EPOCH_MS, write + own), 1.0)
    last = plan.workers - 1  # a market's steps may fall to any worker; here not to the one that writes
    free[:, last] -= _busy(at + every // 3, every, capacity.reading_ms(load, plan.partitions))
    return np.clip(free, 0.0, 1.0)


def _busy(at: Floats, every: float, lasts: float) -> Floats:
    """Share of each millisecond that something takes which begins each `every` ms and lasts so long."""
    if lasts >= every:
        return np.full(len(at), lasts / every)
    since: Floats = np.mod(at, every)
    return np.clip(lasts - since, 0.0, 1.0)


def behind(come: Floats, free: Floats, nanoseconds: float) -> Floats:
    """Milliseconds of work that wait for each worker at the end of each millisecond, float64[ms, workers]."""
    work, waits = come * nanoseconds / 1e6, np.zeros(come.shape[1])
    left = np.empty_like(work)
    for row in range(len(work)):
        waits = np.maximum(waits + work[row] - free[row], 0.0)
        left[row] = waits
    return left


def simulate(load: Load, plan: Plan, seed: int = 7) -> Seen:
    """The load on the plan. A market's time is that of its slowest partition, so the slowest worker counts."""
    left = behind(ticks(load, plan.workers, seed), served(load, plan), load.kind.nanoseconds).max(axis=1)
    delays = left + capacity.reading_ms(load, plan.partitions)
    begin, end, _ = BELL
    before, after = delays[: int(begin * 1000)], delays[int(end * 1000) :]
    late = np.flatnonzero(after > max(np.percentile(before, 99), 2 * np.median(before)) + 1)
    recovered = 0.0 if not late.size else (late[-1] + 1) / 1000
    keeps_up = bool(np.median(after[-1000:]) < 2 * np.median(before) + 10)
    p50, p99 = np.percentile(delays, (50, 99))
    return Seen(
        float(p50),
        float(p99),
        float(delays.max()),
        _last_viewer(load, plan),
        recovered if keeps_up else np.inf,
        keeps_up,
    )


def _last_viewer(load: Load, plan: Plan) -> float:
    """A sender's viewers are served one after another; what is not done by the next reading waits behind it."""
    one = load.viewers / plan.senders * capacity.MESSAGE_US / 1e3
    every, waits, worst = 1000 / load.readings, 0.0, 0.0
    for _ in range(int(SECONDS * load.readings)):
        worst = max(worst, waits + one)
        waits = max(waits + one - every, 0.0)
    return worst


def table() -> str:
    """The loads of `capacity` on their plans, as Markdown."""
    rows = [
        "| ticks/s | as | instruments | p50 | p99 | at the bell | back after | last of a million viewers |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for load in capacity.LOADS:
        seen = simulate(load, capacity.plan(load))
        back = f"{seen.recovered:.1f} s" if seen.keeps_up else "never"
        rows.append(
            f"| {load.ticks / 1e6:,.0f} M | {load.kind.name} | {load.instruments:,} | {seen.p50:,.0f} ms "
            f"| {seen.p99:,.0f} ms | {seen.most:,.0f} ms | {back} | {seen.viewer:,.0f} ms |"
        )
    return "\n".join(rows)
