"""Every law over every step that the cores hold."""

from __future__ import annotations

import pytest

import models
from tests.laws import LAWS, AnyStep, Sample, discover
from tests.models.samples import SAMPLES

STEPS = discover(models)


def test_every_step_has_a_sample() -> None:
    assert {step.__name__ for step in STEPS} == {step.__name__ for step in SAMPLES}


def test_names_are_unique() -> None:
    names = [step.name for step in STEPS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_law(step: type[AnyStep], law: object) -> None:
    assert callable(law)
    sample: Sample = SAMPLES[step]
    assert isinstance(sample.make(), step)
    law(sample)
