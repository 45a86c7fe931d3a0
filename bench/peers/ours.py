"""Our own side: processes of the flow as it is shipped, with recovery on, from Kafka to bars and details in Redis."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import redis

from bench import tape
from bench.case import require
from bench.drain import BEGAN
from bench.engine import reference_variance
from bench.kafka_to_redis import FEED, MINUTES, waited
from bench.peers import job
from bench.peers.running import peak_mb
from bench.servers import running
from schemas import names
from schemas.reading import Bars, Details, parse_rfc3339
from tests import servers

MINUTES_A_YEAR: Final = 365.25 * 24 * 60


class Wanted:
    """What must be in Redis at the end.

    Attributes:
        right: the bars.
        yearly: annualised volatilities at the end; ours look at moves of ten seconds, peers' at those of a minute.
        last: id of the last reading.
    """

    def __init__(self, parts: list[tape.Tape], right: job.Reference) -> None:
        whole = job.whole(parts)
        ordered = whole.take(np.argsort(whole.ts_us, kind="stable"))
        self.right = right
        self.yearly = np.sqrt(reference_variance(ordered, job.HALF_LIFE_MINUTES) * MINUTES_A_YEAR)
        self.last = f"{(tape.START_US + MINUTES * tape.MINUTE_US) // 1000}-1"


def drain(bootstrap: str, want: Wanted, processes: int) -> tuple[float, float]:
    """Seconds from opening the first partition to the last reading, and most resident memory of all processes, MB."""
    with running(servers.Redis()) as store, tempfile.TemporaryDirectory(prefix="esi-peers-") as name:
        folder = Path(name)
        flows = _started(bootstrap, store.url, folder, processes)
        try:
            waited(store.client(), want.last, flows, folder)
            rss_mb = sum(peak_mb(flow.pid) for flow in flows)
        finally:
            for flow in flows:
                flow.send_signal(signal.SIGKILL)
                flow.wait()
        with store.client() as client:
            last_ns = _checked(client, want)
        return (last_ns - int((folder / BEGAN).read_text())) / 1e9, rss_mb


def _started(bootstrap: str, redis_url: str, folder: Path, processes: int) -> list[subprocess.Popen[bytes]]:
    addresses = ",".join(f"127.0.0.1:{servers.free_port()}" for _ in range(processes)) if processes > 1 else ""
    command = [sys.executable, "-m", "bench.drain", bootstrap, redis_url, str(folder), FEED, "fast", addresses]
    with (folder / "flow.log").open("ab") as log:
        return [
            subprocess.Popen([*command, str(number)], stdout=log, stderr=log, cwd=servers.CHECKOUT)
            for number in range(processes)
        ]


def _checked(client: redis.Redis, want: Wanted) -> int:
    """What was published, held against the reference; wall clock of the last reading, nanoseconds.

    Raises:
        WrongOutputError: a bar or a volatility is missing or another.
    """
    job.check(_rows(client, want.right), want.right, "ours")
    details = msgspec.json.decode(_newest(client, "details")[b"details"], type=Details)
    said = np.array([details.volatility[name] for name in tape.NAMES], np.float64)
    require(np.allclose(said, want.yearly, rtol=1e-8, atol=0), "ours: volatilities differ from the NumPy reference")
    return int(_newest(client, "readings")[b"sent_ns"])


def _rows(client: redis.Redis, right: job.Reference) -> Iterator[list[str]]:
    """Bars in the peers' shape; volatilities are compared apart, so the reference's own stand in for them."""
    entries: Any = client.xrange(names.stream(FEED, "bars"))
    place = {name: number for number, name in enumerate(tape.NAMES)}
    for _, fields in entries:
        for bar in msgspec.json.decode(fields[b"bars"], type=Bars).bars:
            start_us = parse_rfc3339(bar.end) - tape.MINUTE_US
            variance = right.variance[(start_us - tape.START_US) // tape.MINUTE_US, place[bar.instrument]]
            plain = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count)
            yield [bar.instrument, str(start_us), *map(repr, plain), "" if math.isnan(variance) else str(variance)]


def _newest(client: redis.Redis, channel: str) -> dict[bytes, bytes]:
    entries: Any = client.xrevrange(names.stream(FEED, channel), count=1)
    require(bool(entries), f"ours: nothing in {channel}")
    fields: dict[bytes, bytes] = entries[0][1]
    return fields
