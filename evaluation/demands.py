"""What was asked of the forecasts, and whether they do it: by the report's own figures."""

from __future__ import annotations

from typing import Any, Final

from evaluation.baselines import VIX
from evaluation.entries import BELOW
from models.ensemble.forecaster import ENSEMBLE, PERSISTENCE

SIGNIFICANT: Final = 0.05
OVERALL: Final = (0.89, 0.91)
IN_STRESS: Final = (0.88, 0.94)
WORST: Final = 0.70
DAYS: Final = 5

Demand = dict[str, Any]


def demands(found: dict[str, Any], span: str) -> list[Demand]:
    """`what`, `asked`, `figure` and `met` of each demand that the history can be held to.

    Args:
        found: the forecast part of a report, without its demands.
        span: of years.
    """
    forms = {name: found[name][span] for name in ("headline", "least_smoothed")}
    of_forms = [one for name, told in forms.items() if told for one in (*_losses(name, told), *_coverages(name, told))]
    return of_forms + _entries(found["entries"])


def _losses(form: str, told: dict[str, Any]) -> list[Demand]:
    row = told["rows"][ENSEMBLE]
    return [
        _demand(
            f"{form}: CRPS below {name}'s",
            f"skill above 0, p < {SIGNIFICANT}",
            f"{100 * row['skill'][name]:.2f} %, p {row['diebold_mariano'][name]['p']:.2g}",
            met=row["skill"][name] > 0 and row["diebold_mariano"][name]["p"] < SIGNIFICANT,
        )
        for name in (PERSISTENCE, "har")
    ]


def _coverages(form: str, told: dict[str, Any]) -> list[Demand]:
    by = told["coverage"][ENSEMBLE]["0.9"]
    asked = {"overall": OVERALL, "stress": IN_STRESS, "worst": (WORST, 1.0)}
    return [
        _demand(
            f"{form}: 90 % interval, {_PLACES[name]}",
            f"{100 * low:.0f} to {100 * high:.0f} %",
            f"{100 * by[name]['value']:.1f} %",
            met=low <= by[name]["value"] <= high,
        )
        for name, (low, high) in asked.items()
        if by[name]
    ]


_PLACES: Final = {"overall": "overall", "stress": "in stress", "worst": "worst 60 labels"}


def _entries(entries: dict[str, Any]) -> list[Demand]:
    told = entries["by"][BELOW].get(str(DAYS))
    if not told or VIX not in told["auroc"]:
        return []
    own, other = told["auroc"][ENSEMBLE], told["auroc"][VIX]
    figure = f"{own:.3f} and {other:.3f}"
    return [_demand(f"AUROC of stress entries within {DAYS} finals", "above VIX's", figure, met=own > other)]


def _demand(what: str, asked: str, figure: str, *, met: bool) -> Demand:
    return {"what": what, "asked": asked, "figure": figure, "met": met}
