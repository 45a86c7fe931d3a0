"""What `esi trainer` tells Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

ASKED: Final = Counter("esi_trainings_asked_total", "Finals that asked for training, by reason.", ["market", "reason"])
TRAININGS: Final = Counter("esi_trainings_total", "Trainings by what became of them.", ["market", "outcome"])
RUNNING: Final = Gauge("esi_training_running", "1 while a market's models are trained.", ["market"])
LAST: Final = Gauge(
    "esi_training_last_timestamp_seconds", "When the last training of a market ended; 0 before the first.", ["market"]
)
SECONDS: Final = Gauge("esi_training_seconds", "How long the last training of a market took.", ["market"])
ENTERED: Final = Counter(
    "esi_trained_models_total", "Models that came of trainings, by what they became.", ["market", "model", "role"]
)
DUELS: Final = Counter("esi_duels_total", "Verdicts on champion and challenger, by who won.", ["market", "won"])
FAILED_LOOKS: Final = Counter("esi_trainer_failed_looks_total", "Looks that a server's absence ended.", ["market"])


def begin(market: str, trained: float) -> None:
    """Has a market on the page from the start: a counter that is missing raises no alert."""
    LAST.labels(market).set(trained)
    RUNNING.labels(market).set(0)
    FAILED_LOOKS.labels(market)
    for outcome in ("trained", "failed", "impossible"):
        TRAININGS.labels(market, outcome)
