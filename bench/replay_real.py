"""`esi replay` of real trades into real Kafka, from the command to its last reading."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.case import Figure, require
from bench.servers import broker, running, trade_files
from dataflows.sources import trade_table
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from schemas.bars import Partial
from schemas.instruments import Instruments
from schemas.market_file import load
from schemas.reading import Reading, decode_reading
from schemas.ticks import NO_SEQ, TickBatch
from tests import servers

WORK: Final = (
    "`esi replay FILE.. --market week --speed max` of the real trades of three days (unfiltered) into real Apache "
    "Kafka and Redis: from starting the command to its end, which comes with the last reading; process starts included"
)
DAYS: Final = 3
REPEATS: Final = 3
BAR: Final = 10.0


def expected(files: list[Path], run: str) -> Reading:
    """The last final of the same trades through the same steps in this process, in one partition."""
    market, read = load("week"), trade_table.read(tuple(files))
    fold, pipeline = BarFold(market), Pipeline(market, 1, run)
    known = Instruments(tuple(i.name for i in market.instrument))
    codes = np.array([known.code(symbol) for symbol in read.symbols], np.int32)[read.code]
    empty = np.full(len(codes), np.nan)
    batch = TickBatch(
        codes, read.ts_us, read.columns["price"], read.columns["size"].astype(np.float64), empty, empty,
        np.full(len(codes), NO_SEQ),
    )  # fmt: skip
    end_us = (int(read.ts_us.max()) // 60_000_000 + 2) * 60_000_000
    finals = []
    for piece in (batch, end_us):
        folded = fold.update(piece)
        if len(folded.reached_us):
            finals += [one for one in pipeline.feed(Partial(0, folded.reached_us, folded.bars)) if one.final]
    require(bool(finals), "the trades close no period")
    return decode_reading(finals[-1].reading)


def check(found: dict[str, Any], want: Reading) -> None:
    """The replay's last reading is the final of the same moment with the same index.

    Raises:
        WrongOutputError: otherwise.
    """
    require(found["at"] == want.at and bool(found["final"]), f"ended at {found['at']}, not with the final of {want.at}")
    index = found["index"]
    same = index == want.index or (index is not None and want.index is not None and abs(index - want.index) < 1e-9)
    require(same, f"index {index}, not {want.index}")


def replay(files: list[Path], kafka: str, redis_url: str, run: str) -> tuple[float, dict[str, Any]]:
    """Seconds of one replay and its last reading."""
    with tempfile.TemporaryDirectory(prefix="esi-bench-") as folder:
        options = ["--market", "week", "--speed", "max", "--json", "--run", run, "--data", folder]
        servers_of = ["--kafka-url", kafka, "--redis-url", redis_url]
        command = [sys.executable, "-m", "deploy", "replay", *map(str, files), *options, *servers_of]
        began = time.perf_counter()
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=servers.CHECKOUT, timeout=150)
        taken = time.perf_counter() - began
    require(done.returncode == 0, f"esi replay ended with {done.returncode}: {done.stderr[-2000:]}")
    return taken, json.loads(done.stdout.splitlines()[-1])


def measure() -> list[Figure]:
    """Seconds to the last reading."""
    files = trade_files(DAYS)
    taken = []
    with broker() as kafka, running(servers.Redis()) as store:
        for number in range(REPEATS + 1):
            run = f"bench{number}"
            seconds, found = replay(files, kafka.bootstrap, store.url, run)
            check(found, expected(files, run))
            taken.append(seconds)
    return [Figure("replay_real", tuple(taken[1:]), "s", BAR, higher_is_better=False, work=WORK)]
