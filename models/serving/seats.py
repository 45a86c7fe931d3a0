"""Who is asked beside our own learners at one moment: models in force, by the names that promoted them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from models.registry.aliases import CHALLENGER
from models.registry.manifest import Manifest
from models.registry.refusals import ModelRefusedError
from models.signals.step import Floats


class Model(Protocol):
    """A model that can be asked."""

    @property
    def manifest(self) -> Manifest:
        """What it is."""
        ...

    @property
    def past(self) -> Floats:
        """Surprises at data that it was not trained on, float64[M]; empty for forecasts."""
        ...

    def quantiles(self, rows: Floats) -> Floats:
        """Quantiles of the change in units of its scale for float64[50, F]: float64[Q], NaN if it fails."""
        ...

    def surprise(self, row: Floats) -> tuple[float, float]:
        """Error of the reconstruction, and surprise, of float64[F]; NaN if it fails."""
        ...


class Shelf(Protocol):
    """Where models are found."""

    def find(self, name: str, order: str) -> Model | ModelRefusedError:
        """The model of an order (`aliases.order`): always the same answer for the same order."""
        ...

    def refused(self, name: str, order: str, error: ModelRefusedError) -> None:
        """Is told that the model of an order was found, and does not fit the market that asked."""
        ...

    def open(self, name: str, version: str) -> Model | ModelRefusedError:
        """The model of a version that was found before."""
        ...


class Seat(NamedTuple):
    """A place for a model.

    Attributes:
        label: name of the model, with `:challenger` behind it where it only runs in the shadow.
        version: that sits there.
        periods: finals ahead that it forecasts; 0 for one that watches for anomalies.
        model: the model; None where it could not be had, so that the seat stays empty and is kept.
    """

    label: str
    version: str
    periods: int
    model: Model | None

    @property
    def counts(self) -> bool:
        """Whether what it says is used, or only judged."""
        return counts(self.label)


def counts(label: str) -> bool:
    """Whether what the model at a seat of this label says is used, or only judged."""
    return not label.endswith(CHALLENGER)


def name_of(label: str) -> str:
    """Name of the model at a seat."""
    return label.removesuffix(CHALLENGER)
