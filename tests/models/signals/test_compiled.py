"""Compiled loops say what the same lines say in plain Python."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import numpy as np
import pytest

import models.signals
from models.pipeline import Pipeline
from models.signals.bars import BarFold
from models.signals.moves import move
from tests.laws import canonical
from tests.models import tape
from tests.models.samples import SAMPLES

MODULES = [
    importlib.import_module(info.name)
    for info in pkgutil.walk_packages(models.signals.__path__, f"{models.signals.__name__}.")
]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> int:
    """Puts the plain function in the place of every compiled one; returns how many there are."""
    found = 0
    for module in MODULES:
        for name, thing in list(vars(module).items()):
            if hasattr(thing, "py_func"):
                monkeypatch.setattr(module, name, thing.py_func)
                found += 1
    return found


def published() -> list[Any]:
    pipeline = Pipeline(tape.market(), 2)
    return [p for partial in tape.partials(150) for p in pipeline.feed(partial)]


def folded() -> list[Any]:
    sample = SAMPLES[BarFold]
    step = sample.make()
    with np.errstate(over="ignore"):  # plain numpy numbers warn where compiled ones do not
        return [canonical(step.update(x)) for x in [*sample.stream(), *sample.wild()]]


COMPILED = (published(), folded())


def test_the_whole_pipeline_publishes_the_same_bytes(plain: int) -> None:
    assert plain > 15
    assert published() == COMPILED[0]


def test_ticks_fold_to_the_same_bars(plain: int) -> None:
    assert plain > 15
    assert folded() == COMPILED[1]


def test_the_plain_function_stays_within_reach() -> None:
    compiled: Any = move
    assert compiled.py_func(3.5, 2.0, False) == compiled(3.5, 2.0, False)
    assert compiled.__name__ == "move"
