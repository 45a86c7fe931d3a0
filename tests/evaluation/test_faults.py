"""A fault of an input is a sentence, and a value error for whoever asks."""

from __future__ import annotations

from evaluation.faults import InputError


def test_it_says_what_it_was_told() -> None:
    assert str(InputError("panel.csv:3: mend it")) == "panel.csv:3: mend it"
    assert issubclass(InputError, ValueError)
