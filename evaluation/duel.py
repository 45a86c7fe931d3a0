"""Champion against challenger, by what both said live and what came: when a challenger has earned its promotion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from evaluation.density import Floats, diebold_mariano, losses
from models.registry.aliases import CHALLENGER
from schemas.reading import Details
from schemas.scores import ModelRow

WINDOW = 250
"""Labels that are looked at, the newest: a year of sessions."""

LEAST = 100
"""Labels before there is a verdict, and new ones before there is another: who looks at every label finds a winner
among equals sooner or later."""

LEVEL = 0.01
"""Significance of Diebold and Mariano's test, two-sided. Of two equal models one is so promoted within 1,000 labels in
3 % of cases at one period ahead, and in 13 % at five; with a look at every label and 0.05, in 38 % and 57 %."""


@dataclass(frozen=True)
class Final:
    """One final: its index (None for one without data) and the canonical bytes of its details."""

    index: float | None
    details: bytes


@dataclass(frozen=True)
class Duel:
    """How a challenger does against its champion.

    Attributes:
        name: of the model.
        champion: its version.
        challenger: its version.
        labels: occasions on which both spoke, in these versions, and whose outcome is known.
        gain: 1 - mean loss of the challenger / that of the champion; CRPS; NaN with no label.
        t: of Diebold and Mariano, positive where the challenger loses less.
        p: two-sided.
        spoken: when the forecasts with these labels were made, the oldest first, UTC, RFC 3339.
    """

    name: str
    champion: str
    challenger: str
    labels: int
    gain: float
    t: float
    p: float
    spoken: tuple[str, ...] = ()

    def is_due(self, decided: str) -> bool:
        """Whether there is enough that is new since a verdict whose newest forecast was made then; empty: none yet."""
        fresh = self.spoken[self.spoken.index(decided) + 1 :] if decided in self.spoken else self.spoken
        return len(fresh) >= LEAST

    @property
    def won(self) -> bool:
        """Whether the challenger is better, and that is no luck."""
        return self.labels >= LEAST and self.t > 0 and self.p < LEVEL

    def __str__(self) -> str:
        return (
            f"{self.name}: challenger {self.challenger} against champion {self.champion} over {self.labels} labels: "
            f"{100 * self.gain:.2f} % less loss, t {self.t:.2f}, p {self.p:.3g}"
        )


def duels(finals: Sequence[Final]) -> list[Duel]:
    """The duels that are going on as of the last final; none without challengers that forecast."""
    known = [(one.index, _decoder.decode(one.details)) for one in finals if one.index is not None]
    if not known:
        return []
    pairs = _pairs(known[-1][1])
    return [_duel(known, champion, challenger) for champion, challenger in pairs]


def _pairs(details: Details) -> Iterator[tuple[ModelRow, ModelRow]]:
    """Champion and challenger of each forecaster that has both."""
    rows: Iterable[ModelRow] = () if details.models is msgspec.UNSET else details.models
    serving = {(row.name, row.role): row for row in rows if row.version and row.kind == "forecast"}
    for (name, role), row in serving.items():
        other = serving.get((name, "challenger"))
        if role == "champion" and other is not None and other.periods == row.periods:
            yield row, other


def _duel(known: list[tuple[float, Details]], champion: ModelRow, challenger: ModelRow) -> Duel:
    ahead = champion.periods
    said, came, spoken = [], [], []
    for (_, details), (index, _) in zip(known, known[ahead:], strict=False):
        both = _both(details, champion, challenger)
        if both is not None:
            said.append(both)
            came.append(index)
            spoken.append(details.at)
    labels = min(len(said), WINDOW)
    loss = losses(np.array(said[-WINDOW:]), np.array(came[-WINDOW:])) if said else np.empty((0, 2))
    test = diebold_mariano(loss[:, 1], loss[:, 0], ahead) if labels >= LEAST else {"t": 0.0, "p": 1.0}
    gain = float(1 - loss[:, 1].mean() / loss[:, 0].mean()) if labels and loss[:, 0].any() else float("nan")
    return Duel(
        champion.name, str(champion.version), str(challenger.version), labels, gain, test["t"], test["p"],
        tuple(spoken[-WINDOW:]),
    )  # fmt: skip


def _both(details: Details, champion: ModelRow, challenger: ModelRow) -> Floats | None:
    """Quantiles of both, float64[2, Q], if both spoke in the versions that stand against each other now."""
    if details.models is msgspec.UNSET or details.forecast is msgspec.UNSET:
        return None
    versions = {(row.name, row.role): row.version for row in details.models}
    if any(versions.get((row.name, row.role)) != row.version for row in (champion, challenger)):
        return None
    forecast = next((one for one in details.forecast if one.periods == champion.periods), None)
    experts = {} if forecast is None else {row.name: row.quantiles for row in forecast.experts}
    both = [experts.get(name) for name in (champion.name, champion.name + CHALLENGER)]
    return None if None in both else np.array(both)


_decoder = msgspec.json.Decoder(Details)
