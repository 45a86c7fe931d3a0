"""The latency benchmarks count from the right moment, refuse gaps, and read histograms as Prometheus does."""

from __future__ import annotations

import math
import socket
import threading
import time

import pytest
from hdrh.histogram import HdrHistogram

from bench import latency, latency_truth, product, steady, tape
from bench.case import WrongOutputError
from bench.listener import Listener
from schemas.instruments import Instruments
from schemas.market_file import parse
from schemas.ticks_wire import decode_ticks


def test_a_step_closes_with_the_last_of_the_partitions_next_records() -> None:
    """Checked against the records themselves."""
    start = steady.due_us(1_700_000_000_000_000)
    for step in range(start + 200_000, start + 300_000, 1_000):
        closing = {}
        for turn in range(200):
            due = start + turn * steady.TURN_US
            if due > step:
                closing.setdefault(turn % steady.PARTITIONS, due)
        assert max(closing.values()) == steady.due_us(step)


def test_records_hold_the_ticks_since_the_last() -> None:
    ticks = steady.Ticks(100)
    first, second = (decode_ticks(ticks.record(a, a + 32_000), Instruments(tape.NAMES)) for a in (0, 32_000))
    assert (int(first.ts_us[0]), int(first.ts_us[-1]), int(second.ts_us[0])) == (320, 32_000, 32_320)
    assert len(first) == len(second) == 100


def test_the_market_is_that_of_the_other_benchmarks_with_short_steps() -> None:
    market = parse(latency.market_text().encode(), "bench.toml")
    assert (market.step, market.bar, market.period) == (40_000, 40_000, 1_000_000)
    assert market.instrument == tape.market().instrument


def test_a_missing_reading_and_one_that_came_twice_are_refused() -> None:
    right = list(range(0, 10_000, latency.STEP_MS))
    run = latency.Run(HdrHistogram(1, 1000, 3), right, {}, {})
    run.check(10)
    for wrong in (right[:100] + right[101:], [*right[:5], right[4], *right[5:]], right[:100]):
        with pytest.raises(WrongOutputError):
            latency.Run(run.taken, wrong, {}, {}).check(10)


def test_the_truth_wants_a_reading_each_second() -> None:
    latency_truth.check(list(range(0, 40_000, 1_000)), 40)
    for wrong in (list(range(0, 20_000, 1_000)), [*range(0, 39_000, 1_000), 41_000]):
        with pytest.raises(WrongOutputError):
            latency_truth.check(wrong, 40)


def test_quantiles_are_interpolated_and_labels_chosen() -> None:
    lines = [f'x_bucket{{hop="{hop}",le="{le}"}} {count}' for hop, counts in (("a", (0, 10, 10)), ("b", (4, 4, 4)))
             for le, count in zip(("0.1", "0.2", "+Inf"), counts, strict=True)]  # fmt: skip
    page = "\n".join(lines)
    assert product.quantile(page, "x", 'hop="a"') == pytest.approx(0.15)
    assert product.quantile(page, "x", 'hop="b"') == pytest.approx(0.05)
    assert product.quantile(page, "x", share=4 / 14) == pytest.approx(0.1)
    assert math.isnan(product.quantile(page, "y"))
    assert product.total('x_total{a="1"} 3.0\nx_total{a="2"} 4.0\nxx_total 9', "x_total") == 7
    assert product.total('x_total{a="1"} 3.0\nx_total{a="2"} 4.0', "x_total", 'a="2"') == 4


def test_the_listener_reads_frames_that_come_in_pieces() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    frames = b"\x81\x03abc" + b"\x89\x00" + b"\x81\x7e\x01\x00" + b"x" * 256

    def serve() -> None:
        made, _ = server.accept()
        made.recv(4096)
        made.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + frames[:3])
        for first in range(3, len(frames), 50):
            time.sleep(0.01)
            made.sendall(frames[first : first + 50])
        time.sleep(1)
        made.close()

    threading.Thread(target=serve, daemon=True).start()
    with Listener(server.getsockname()[1], "/v1/feed") as viewer:
        heard = [payload for _, payload in viewer.messages(time.time() + 0.6)]
    server.close()
    assert heard == [b"abc", b"x" * 256]
