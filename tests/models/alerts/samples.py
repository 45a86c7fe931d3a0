"""Samples of the steps of the rules, for the laws."""

from __future__ import annotations

import numpy as np

from models.alerts.engine import Engine, Observation
from models.alerts.observe import Observer
from models.alerts.phases import Phases, Timing, Truths
from models.alerts.program import Window
from models.alerts.windows import Looked, Windows
from tests.laws import AnyStep, Sample
from tests.models.alerts import made

COUNT = 240
FUNCTIONS = ("rank", "change", "max", "min", "mean", "quantile", "budget")

RULES = (
    made.rule("index > 80", until="index < 60", lasting="3s"),
    made.rule("rank(index, 60s) > 90 or change(index, 10s) > 20 or max(index, since close) > 98"),
    made.rule("contributions.equity > quantile(contributions.equity, 0.9, 60s) for 2s", keep="5s"),
    made.rule("index > budget(index, 2000, 60s) and mean(index, 30s) / index < 1.5"),
    made.rule('indicators["Equity volatility"].score > 0.5', every="final"),
    made.rule("silence > 3s"),
)


def _windows() -> list[Window]:
    lengths = [0, 60_000_000, 90_000_000]
    return [
        Window(function, 0, length, 0.9 if function == "quantile" else 3_000.0, 0, f"{function} {length}")
        for function in FUNCTIONS
        for length in lengths
        if length or function in {"change", "max", "min"}
    ]


def _looks(wild: bool = False) -> list[Looked]:
    n = len(_windows())
    scale = 1e300 if wild else 1.0
    return [
        Looked(
            made.START_US + k * 700_000 - (COUNT * made.SECOND_US if wild else 0),
            k % 10 == 9,
            np.array([np.nan if (k + i) % 11 == 0 else scale * made.wave(k + 3 * i) for i in range(n)]),
        )
        for k in range(3 if wild else COUNT)
    ]


def _truths() -> list[Truths]:
    odd = np.array([1.0, 0.0, np.nan, 1.0])
    return [
        Truths(made.START_US + k * made.SECOND_US, np.arange(4) != k % 5, np.roll(odd, k // 4), np.roll(odd, k // 7))
        for k in range(COUNT)
    ]


def _observations() -> list[Observation]:
    observer, found = Observer(made.engine(*RULES).wanted), []
    for k in range(COUNT):
        at_us, final = made.START_US + k * made.SECOND_US, k % 10 == 9
        index = None if k % 13 == 0 else made.wave(k)
        seen = made.reading(at_us, index, final=final)
        found.append(observer.reading(seen, made.details(at_us, k % 3 / 2) if final else None))
        if k % 17 == 0:
            found.append(observer.tock(at_us + 400_000, 4.0 - k % 2))
    return found


def _wild() -> list[Observation]:
    fields = len(made.engine(*RULES).wanted)
    return [Observation(made.START_US - 10**9 + k, k % 2 == 0, np.full(fields, 1e308 * (-1) ** k)) for k in range(4)]


def _timings() -> list[Timing]:
    return [Timing(f"rule {n}", n * 1_500_000, (3 - n) * 2_000_000) for n in range(4)]


ALERT_SAMPLES: dict[type[AnyStep], Sample] = {
    Windows: Sample(lambda: Windows(_windows()), _looks, lambda: _looks(wild=True)),
    Phases: Sample(lambda: Phases(_timings()), _truths, _truths),
    Engine: Sample(lambda: made.engine(*RULES), _observations, _wild),
}
