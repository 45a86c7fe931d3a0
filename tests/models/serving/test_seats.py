"""Labels of seats: the name of a model, and whether it only runs in the shadow."""

from __future__ import annotations

from models.registry.aliases import CHALLENGER
from models.serving.seats import Seat, counts, name_of


def test_a_challenger_is_judged_and_not_used() -> None:
    champion, challenger = Seat("lstm", "1", 1, None), Seat("lstm" + CHALLENGER, "2", 1, None)
    assert champion.counts
    assert not challenger.counts
    assert counts("lstm")
    assert name_of(champion.label) == name_of(challenger.label) == "lstm"
