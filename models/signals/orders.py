"""What control records have set in a market: models in force, remarks of the open period, and orders that wait."""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.control import MARKET_CHANGED, MODEL_PROMOTED, Control

Pairs = tuple[tuple[str, str], ...]
"""Names with what is said of them, the newest last."""

MOST_MODELS: Final = 12
MOST_REMARKS: Final = 32
"""Names that are remembered, the newest; a reading must stay short whoever promotes what."""


class Orders(NamedTuple):
    """Plain data, so that it is part of a step's state as it is.

    Attributes:
        waiting: control records that have not taken effect, in order of time.
        models: version in force of each model that was promoted.
        remarks: text of each remark since the last close.
    """

    waiting: tuple[Control, ...] = ()
    models: Pairs = ()
    remarks: Pairs = ()

    def given(self, controls: tuple[Control, ...]) -> Orders:
        """With more that wait; they come in order of their time."""
        return self._replace(waiting=(*self.waiting, *controls)) if controls else self

    def by(self, at_us: int) -> Orders:
        """With those in force that take effect at a step that ends at `at_us`: all that stood before its end."""
        found = self
        while found.waiting and found.waiting[0].at_us < at_us:
            found = found._taken(found.waiting[0])
        return found

    def closed(self) -> Orders:
        """Behind a close: its final has carried the remarks."""
        return self._replace(remarks=()) if self.remarks else self

    def _taken(self, control: Control) -> Orders:
        kept = self._replace(waiting=self.waiting[1:])
        if control.kind == MODEL_PROMOTED:
            return kept._replace(models=_with(self.models, control, MOST_MODELS))
        if control.kind == MARKET_CHANGED:  # beside a note of that name
            control = control._replace(name=f"{MARKET_CHANGED}:{control.name}")
        return kept._replace(remarks=_with(self.remarks, control, MOST_REMARKS))

    @staticmethod
    def of(plain: tuple[tuple[tuple[object, ...], ...], Pairs, Pairs]) -> Orders:
        """From a state's plain tuples."""
        waiting, models, remarks = plain
        return Orders(tuple(Control(*one) for one in waiting), models, remarks)  # type: ignore[arg-type] # as saved


def _with(pairs: Pairs, control: Control, most: int) -> Pairs:
    others = tuple(pair for pair in pairs if pair[0] != control.name)
    return (*others, (control.name, control.value))[-most:]
