"""Demands: met and missed by the figures that the report holds."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from evaluation.demands import demands

TOLD: dict[str, Any] = {
    "rows": {"ensemble": {
        "skill": {"persistence": 0.012, "har": 0.009},
        "diebold_mariano": {"persistence": {"t": 2.7, "p": 0.006}, "har": {"t": 3.1, "p": 0.002}},
    }},
    "coverage": {"ensemble": {"0.9": {
        "overall": {"value": 0.899}, "stress": {"value": 0.915}, "worst": {"value": 0.75},
    }}},
}  # fmt: skip
ENTRIES = {"by": {"not in stress": {"5": {"auroc": {"ensemble": 0.97, "VIX": 0.87}}}}}
FOUND = {"headline": {"2000-2025": TOLD}, "least_smoothed": {"2000-2025": None}, "entries": ENTRIES}


def met(found: dict[str, Any]) -> list[bool]:
    return [one["met"] for one in demands(found, "2000-2025")]


def test_all_are_met() -> None:
    said = demands(FOUND, "2000-2025")
    assert met(FOUND) == [True] * 6
    assert said[0]["figure"] == "1.20 %, p 0.006"
    assert said[2]["figure"] == "89.9 %"
    assert said[5]["figure"] == "0.970 and 0.870"


def test_each_can_be_missed() -> None:
    changes = (
        ("rows", "ensemble", "skill", "persistence", -0.01),
        ("rows", "ensemble", "diebold_mariano", "har", {"p": 0.06}),
        ("coverage", "ensemble", "0.9", "overall", {"value": 0.88}),
        ("coverage", "ensemble", "0.9", "stress", {"value": 0.95}),
        ("coverage", "ensemble", "0.9", "worst", {"value": 0.69}),
    )
    for n, (*path, value) in enumerate(changes):
        found = deepcopy(FOUND)
        place = found["headline"]["2000-2025"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        assert met(found) == [k != n for k in range(6)]
    worse = deepcopy(FOUND)
    worse["entries"]["by"]["not in stress"]["5"]["auroc"]["ensemble"] = 0.8
    assert met(worse)[-1] is False


def test_what_a_history_cannot_be_held_to_is_left_out() -> None:
    nothing = {"headline": {"2000-2025": None}, "least_smoothed": {"2000-2025": None}}
    assert demands(nothing | {"entries": {"by": {"not in stress": {"5": None}}}}, "2000-2025") == []
    calm = deepcopy(FOUND)
    calm["headline"]["2000-2025"]["coverage"]["ensemble"]["0.9"]["stress"] = None
    del calm["entries"]["by"]["not in stress"]["5"]["auroc"]["VIX"]
    assert len(demands(calm, "2000-2025")) == 4
