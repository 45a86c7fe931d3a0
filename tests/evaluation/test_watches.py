"""Anomalies and regimes along a history: counted against events and recessions of which the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.events import Event
from evaluation.recessions import in_recession
from evaluation.watches import THRESHOLDS, anomalies, regimes, watched
from models.regime import STATES
from schemas.duration import DAY_US
from tests.models import score_samples, tape

DAYS = pd.bdate_range("2000-01-03", "2012-12-31")
N = len(DAYS)
EVENTS = [Event(DAYS[at], f"day {at}", "equity") for at in (300, 900, 1500, 2100, 2700, 3300)]


def table(**columns: object) -> pd.DataFrame:
    """Calm, with nothing unusual, but for what is given."""
    return pd.DataFrame({"regime": "calm", "stress": 0.0, "anomaly": 0.5} | columns, DAYS)


def test_what_is_watched_is_what_the_steps_say() -> None:
    first = int(pd.Timestamp("2003-01-01").timestamp()) * 1_000_000
    fed = [replace(m, at_us=first + n * DAY_US) for n, m in enumerate(score_samples.made(400))]
    said = watched(tape.market(), fed)
    assert len(said) == sum(m.learns for m in fed)
    assert set(said["regime"]) <= {*STATES, "unknown"}
    assert said["stress"].between(0, 1).all()
    assert said["anomaly"].dropna().between(0, 1).all()
    assert said.index.is_monotonic_increasing
    again = watched(tape.market(), fed[:300])
    assert again.equals(said.iloc[: len(again)])  # nothing is restated


def test_hits_and_false_alarms_are_counted() -> None:
    odd = np.full(N, 0.5)
    odd[[300, 905, 1520, 2121]] = 0.0001  # the day, 5 and 20 finals later, and one too late
    odd[[500, 510, 1000]] = 0.005  # two alarms: the first two are one
    said = anomalies(table(anomaly=odd), EVENTS)
    rare, loose = (said["by"][str(t)] for t in (THRESHOLDS[1], THRESHOLDS[0]))
    assert (rare["days"], rare["hits"], rare["events"], rare["delay_median"]) == (4, 3, 6, 5.0)
    years = (said["sample"]["days"] - 6 * 21) / 252
    assert rare["false_alarm_days"] == pytest.approx(1 / years)
    assert loose["false_alarm_days"] == pytest.approx(4 / years)
    assert loose["false_alarms"] == pytest.approx(3 / years)


def test_alarms_at_random_hit_as_chance_does() -> None:
    rng = np.random.default_rng(4)
    said = anomalies(table(anomaly=rng.random(N)), EVENTS)["by"]["0.01"]
    assert said["by_chance"] == pytest.approx(6 * (1 - 0.99**21), abs=0.4)
    assert said["p"] > 0.05
    odd = np.full(N, 0.5)
    odd[[DAYS.get_loc(e.on) for e in EVENTS]] = 0.0
    told = anomalies(table(anomaly=odd), EVENTS)["by"]["0.01"]
    assert told["hits"] == 6
    assert told["p"] < 0.02
    assert told["by_chance"] == pytest.approx(6 * 21 * 6 / 3300, rel=0.2)


def test_dwell_and_changes_of_regimes() -> None:
    names = np.array(["calm"] * 1000 + ["tense"] * 300 + ["stress"] * 100 + ["tense"] * 101 + ["calm"] * (N - 1501))
    said = regimes(table(regime=names), EVENTS)
    assert said["changes"] == pytest.approx(4 * 252 / N)
    assert said["states"]["tense"] == {"share": pytest.approx(401 / N), "visits": 2, "dwell_median": 200.5}
    assert said["states"]["stress"]["visits"] == 1
    assert said["events"]["tense or stress"]["hits"] == 1  # on day 1500, the last one
    assert said["events"]["stress"]["hits"] == 0


def test_agreement_with_recessions() -> None:
    within = in_recession(DAYS)
    perfect = regimes(table(regime=np.where(within, "stress", "calm"), stress=within.astype(float)), EVENTS)[
        "recessions"
    ]
    assert (perfect["kappa"], perfect["auroc"], perfect["of_stress"]) == (1.0, 1.0, 1.0)
    assert perfect["within"] == {"calm": 0.0, "tense": 0.0, "stress": 1.0}
    assert perfect["finals"] == within.sum()
    rng = np.random.default_rng(3)
    blind = regimes(table(regime=rng.choice(STATES, N), stress=rng.random(N)), EVENTS)["recessions"]
    assert blind["kappa"] == pytest.approx(0, abs=0.05)
    assert blind["interval"][0] < 0.5 < blind["interval"][1]


def test_a_history_without_recessions_or_events_says_so() -> None:
    calm = table().loc["2003":"2006"]
    others = [Event(pd.Timestamp("1987-10-19"), "crash", "equity")]
    said = regimes(calm, others)
    assert (said["recessions"], said["events"]) == (None, {})
    assert anomalies(calm, others)["by"] == {}
    nothing = regimes(table(regime="unknown"), EVENTS)
    assert nothing["states"]["calm"]["share"] is None
    assert nothing["sample"]["days"] == 0
