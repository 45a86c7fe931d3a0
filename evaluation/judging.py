"""What networks said where they were not taught, beside the yardsticks on the same moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from evaluation import density
from evaluation.density import Floats
from evaluation.lessons import YARDSTICKS, Lessons
from models.ensemble.guard import PACE, Came, Guard
from models.registry.manifest import Kind


def judge(kind: Kind, given: Lessons, answers: Sequence[Floats]) -> dict[str, Any]:
    """A network over all judged blocks.

    Args:
        kind: of the network.
        given: the judged lessons in order.
        answers: of each block: quantiles of the change, points, float64[n, Q]; or surprises, nats, float64[n].

    Returns:
        Of a forecaster, as it would be served: `labels`, `crps` of itself and the yardsticks (points), `skill` over
        each with Diebold and Mariano's `t` and `p`, `coverage` of the 90 % interval, overall and in stress; and
        `unguarded`, its CRPS without the guard. Of a watcher: `rows` and quantiles of its surprise, calm and in stress.
    """
    return _forecast(given, answers) if kind == "forecast" else _watch(given, np.concatenate(answers))


def guarded(given: Lessons, quantiles: Floats) -> Floats:
    """Quantiles of the change under a fresh guard, as every expert's are in the ensemble, points, float64[n, Q].

    The yardsticks' were guarded too: who is not would be judged for a spread that nobody serves. A label moves the
    guard from the first moment on at which it has come.
    """
    guard, moved, waiting = Guard((PACE,)), np.empty_like(quantiles), 0
    for n, at_us in enumerate(given.at_us):
        while given.due_us[waiting] <= at_us and waiting < n:
            guard.update(Came(moved[waiting : waiting + 1], float(given.came[waiting])))
            waiting += 1
        moved[n] = quantiles[n] + given.scale[n] * guard.offset[0]
    return np.sort(moved, axis=1)


def _forecast(given: Lessons, answers: Sequence[Floats]) -> dict[str, Any]:
    ends = np.cumsum([len(block) for block in answers])
    blocks = [given.of(slice(end - len(block), end)) for end, block in zip(ends, answers, strict=True)]
    quantiles = np.concatenate([guarded(*one) for one in zip(blocks, answers, strict=True)])
    crps = density.losses(np.concatenate([quantiles[:, None], given.yardsticks], axis=1), given.came)
    hit = density.within(quantiles, given.came, 0.9)
    others = dict(zip(YARDSTICKS, crps.T[1:], strict=True))
    return {
        "labels": len(given),
        "crps": {"network": float(crps[:, 0].mean()), **{name: float(one.mean()) for name, one in others.items()}},
        "unguarded": float(density.losses(np.concatenate(answers)[:, None], given.came).mean()),
        "skill": {name: _skill(crps[:, 0], one) for name, one in others.items()},
        "coverage_90": float(hit.mean()),
        "coverage_90_stress": float(hit[given.stress].mean()) if given.stress.any() else None,
    }


def _skill(own: Floats, other: Floats) -> dict[str, float]:
    return {"skill": 1 - float(own.mean() / other.mean()), **density.diebold_mariano(own, other)}


def _watch(given: Lessons, surprise: Floats) -> dict[str, Any]:
    parts = {"calm": surprise[~given.stress], "stress": surprise[given.stress]}
    return {
        "rows": len(given),
        "surprise": {n: np.quantile(one, (0.5, 0.9, 0.99)).tolist() for n, one in parts.items() if len(one)},
    }


def metrics(judged: dict[str, Any]) -> dict[str, float]:
    """The figures that a manifest carries."""
    if "skill" not in judged:
        return {"surprise_median": judged["surprise"]["calm"][0]} if "calm" in judged["surprise"] else {}
    skills = {f"skill_over_{name}": one["skill"] for name, one in judged["skill"].items()}
    return {"crps": judged["crps"]["network"], "coverage_90": judged["coverage_90"], **skills}


def moment(at_us: int) -> str:
    """A time, UTC, RFC 3339."""
    return datetime.fromtimestamp(int(at_us) / 1e6, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def day(at_us: int) -> str:
    """Its date, UTC."""
    return moment(at_us)[:10]
