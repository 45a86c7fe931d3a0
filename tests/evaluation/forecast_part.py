"""A forecast part as small as one can be with everything in it, for the tests of what shows it."""

from __future__ import annotations

from typing import Any

from models.ensemble.levels import LEVELS

_ROW = {
    "labels": 6539, "crps": 0.21081, "pinball": dict.fromkeys(map(str, LEVELS), 0.05),
    "skill": {"persistence": 0.0112, "har": 0.0136},
    "diebold_mariano": {"persistence": {"t": 2.75, "p": 0.006}, "har": {"t": 3.9, "p": 0.0001}},
}  # fmt: skip
_RANGE = {"value": 0.899, "perfect": [0.893, 0.907]}
_COVERAGE = {"overall": _RANGE, "stress": None, "in_stress": 0, "worst": {"value": 0.767, "perfect": [0.717, 0.8]}}
_HITS = {"events": 20, "hits": 9, "delay_median": None, "by_chance": 1.65, "p": 0.0029}
_PIT = {"share": [0.1] * 10, "nominal": [0.05, 0.1, 0.1, 0.1, 0.15, 0.15, 0.1, 0.1, 0.1, 0.05]}


def _entry(h: int) -> dict[str, Any]:
    return {
        "origins": 5725, "positive": 20 * h,
        "auroc": {"ensemble": 0.968, "persistence": 0.967, "har": 0.966, "index": 0.971, "VIX": 0.874},
        "interval": {"ensemble": [0.946, 0.984], "index": [0.944, 0.986], "VIX": None},
        "differences": {
            "index": {"difference": -0.002, "interval": [-0.017, 0.015]}, "VIX": {"difference": 0.094, "interval": None}
        },
        "brier": {"loss": 0.01, "reliability": 0.001, "resolution": 0.002, "uncertainty": 0.011},
    }  # fmt: skip


def made() -> dict[str, Any]:
    """As `evaluation.forecasts.forecasts` gives it."""
    parts = {"loss": 0.21081, "reliability": 0.00321, "resolution": 0.01439, "uncertainty": 0.22199}
    told = {
        "labels": 6539, "rows": {"ensemble": _ROW, "garch": {"labels": 3}}, "weights": {},
        "coverage": {"ensemble": {"0.9": _COVERAGE}, "garch": None}, "pit": _PIT,
    }  # fmt: skip
    spans = {"1992-1999": None, "2000-2025": told}
    states = {name: {"share": 0.3, "visits": 18, "dwell_median": 24.5} for name in ("calm", "tense", "stress")}
    return {
        "periods": 1, "headline": spans, "least_smoothed": spans, "shuffled": spans,
        "yardsticks": {"every": 250, "memory": 2000, "fits": 34, "refused": 0},
        "over_time": {"labels": 250, "until": ["2001-03-05", "2001-04-05"], "share": [0.91, 0.88]},
        "murphy": {
            "labels": 6539, "crps": {"ensemble": parts}, "at": [-1.0, 0.0, 1.0],
            "curves": {"0.95": {name: [0.0, 0.1, 0.0] for name in ("persistence", "har", "ensemble")}},
        },
        "entries": {"entries": 22, "by": {"not in stress": {str(h): _entry(h) for h in range(1, 21)},
                                          "dated events": {"1": None}}},
        "anomaly": {
            "sample": {}, "by": {"0.01": {"days": 50, "false_alarms": 0.68, "false_alarm_days": 1.11, **_HITS}},
        },
        "regimes": {
            "sample": {}, "changes": 3.16, "states": states,
            "recessions": {
                "finals": 586, "within": dict.fromkeys(states, 0.3), "without": dict.fromkeys(states, 0.3),
                "of_stress": 0.47, "kappa": 0.566, "auroc": 0.941, "interval": [0.836, 0.994],
            },
            "events": {"stress": _HITS},
        },
        "demands": [{"what": "<entries>", "asked": "above VIX's", "figure": "0.968 and 0.874", "met": True}],
    }  # fmt: skip
