"""Rules that every market has unless its file brings some of their kind: over silence, and over scores."""

from __future__ import annotations

from typing import Final

from schemas.alert_rule import AlertRule
from schemas.duration import DAY_US
from schemas.market import Market

SILENT: Final = AlertRule(
    name="No readings",
    kind="absence",
    window=300_000_000,
    severity="critical",
    about="The market has given no reading for five minutes. See `esi status`, and whether its ticks and tocks arrive.",
)
"""What every live market has unless its file has a rule of that kind: a dead flow must page, not fall silent."""

FINALS: Final = 2
SESSIONS_US: Final = 5 * DAY_US
"""Periods, or for sessions a long weekend, after which a market that gives finals only is silent."""

SCORED: Final = (
    AlertRule(
        name="Forecast reaches stress",
        kind="forecast",
        quantile=0.95,
        above=50,
        clear=40,
        about="The upper bound of the forecast, which the index passes one time in twenty, has passed 50.",
    ),
    AlertRule(
        name="Unusual moment",
        kind="anomaly",
        below=0.001,
        clear=0.05,
        severity="error",
        about="A moment as odd as this one comes once in a thousand periods, in calm times as in wild ones.",
    ),
    AlertRule(
        name="Stress regime",
        kind="regime",
        input="stress",
        about="The market has entered the regime `stress`, in which it stays for weeks as a rule.",
    ),
    AlertRule(
        name="Forecast errors drift",
        kind="drift",
        keep=30 * DAY_US,
        severity="info",
        segment="models",
        about="Forecast errors are no longer what they were: read forecasts with care, and train deep models anew.",
    ),
)
"""What every market with scores has of those kinds that its file has no rule of; made-up markets have none."""


def _silent(market: Market) -> AlertRule:
    if market.step != "period":
        return SILENT
    window = SESSIONS_US if market.period == "session" else max(FINALS * market.period, SILENT.window or 0)
    about = "The market has given no final for long. See `esi status`, and whether its ticks and tocks arrive."
    return SILENT.model_copy(update={"window": window, "about": about})


def rules_of_file(market: Market) -> list[AlertRule]:
    """The rules that a market file brings, the watch over silence where it is live, and those over its scores."""
    found = list(market.alert)
    kinds = {rule.kind for rule in found}
    if market.clock == "wall" and "absence" not in kinds:
        found.append(_silent(market))
    if market.scores.enabled and not market.synthetic:
        names = {rule.name for rule in found}
        found += [rule for rule in SCORED if rule.kind not in kinds and rule.name not in names]
    return found
