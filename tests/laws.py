"""Laws that every step keeps, whatever it computes. `tests/models/test_laws.py` runs them over every step found."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from models.signals.step import StateVersionError, Step

AnyStep = Step[Any, Any, Any]


@dataclass(frozen=True)
class Sample:
    """A step and what it is fed in the laws.

    Attributes:
        make: a fresh step.
        stream: inputs in order, made anew at each call.
        steady: whether the stream is long enough for the state to have stopped growing half-way through.
        wild: finite inputs as large and as odd as they can be.
    """

    make: Callable[[], AnyStep]
    stream: Callable[[], Sequence[Any]]
    wild: Callable[[], Sequence[Any]]
    steady: bool = field(default=True)


def discover(package: ModuleType) -> list[type[AnyStep]]:
    """Every concrete step of a package, by name of module and class; networks are none, and need torch."""
    found = set()
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if info.name.startswith("models.deep."):
            continue
        module = importlib.import_module(info.name)
        for _, thing in inspect.getmembers(module, inspect.isclass):
            if issubclass(thing, Step) and not inspect.isabstract(thing) and thing.__module__ == info.name:
                found.add(thing)
    return sorted(found, key=lambda step: (step.__module__, step.__qualname__))


def canonical(value: Any) -> Any:
    """A value as nested tuples that compare bit by bit; NaN equals NaN, arrays by type, shape and bytes."""
    if isinstance(value, np.ndarray):
        return ("array", str(value.dtype), value.shape, np.ascontiguousarray(value).tobytes())
    if isinstance(value, float):
        return ("float", np.float64(value).tobytes())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return (type(value).__name__, *(canonical(getattr(value, f.name)) for f in dataclasses.fields(value)))
    if isinstance(value, dict):
        return tuple((key, canonical(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(canonical, value))
    return value


def freeze(value: Any) -> Any:
    """Makes every array inside a value read-only, so that a step that writes into its input fails."""
    for array in arrays(value):
        array.flags.writeable = False
    return value


def arrays(value: Any) -> Iterator[np.ndarray]:
    """Every array inside a value."""
    if isinstance(value, np.ndarray):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for f in dataclasses.fields(value):
            yield from arrays(getattr(value, f.name))
    elif isinstance(value, dict):
        yield from (a for item in value.values() for a in arrays(item))
    elif isinstance(value, list | tuple):
        yield from (a for item in value for a in arrays(item))


def input_is_pure(sample: Sample) -> None:
    """Neither `peek` nor `update` changes its input."""
    step = sample.make()
    for x in sample.stream():
        before = canonical(freeze(x))
        step.peek(x)
        step.update(x)
        assert canonical(x) == before


def peek_is_update_on_a_copy(sample: Sample) -> None:
    """`peek` says what `update` says, and changes nothing."""
    step = sample.make()
    for x in sample.stream():
        before = canonical(step.snapshot())
        peeked = canonical(step.peek(x))
        assert canonical(step.snapshot()) == before
        assert canonical(step.update(x)) == peeked


def restores_mid_stream(sample: Sample) -> None:
    """A step restored from a pickled snapshot goes on as if nothing had happened, bit by bit."""
    stream = sample.stream()
    for cut in sorted({0, 1, len(stream) // 3, len(stream) * 2 // 3}):
        kept, fresh = sample.make(), sample.make()
        for x in stream[:cut]:
            kept.update(x)
        fresh.restore(pickle.loads(pickle.dumps(kept.snapshot())))
        assert canonical(fresh.snapshot()) == canonical(kept.snapshot())
        for x in stream[cut:]:
            assert canonical(fresh.update(x)) == canonical(kept.update(x))
        assert canonical(fresh.snapshot()) == canonical(kept.snapshot())


def snapshots_stand_still(sample: Sample) -> None:
    """Later updates change neither a snapshot that was given out nor one that was restored from."""
    stream, step, other = sample.stream(), sample.make(), sample.make()
    half = len(stream) // 2
    for x in stream[:half]:
        step.update(x)
    given = step.snapshot()
    before = canonical(given)
    other.restore(given)
    for x in stream[half:]:
        step.update(x)
        other.update(x)
    assert canonical(given) == before


def memory_is_bounded(sample: Sample) -> None:
    """The snapshot stops growing: from half the stream on it is at most a tenth larger (and 256 bytes)."""
    assert sample.steady, "the sample must be long enough to show it"
    stream, step = sample.stream(), sample.make()
    sizes = []
    for x in stream:
        step.update(x)
        sizes.append(len(pickle.dumps(step.snapshot())))
    half = len(sizes) // 2
    assert max(sizes[half:]) <= 1.1 * max(sizes[:half]) + 256


def past_is_never_touched(sample: Sample) -> None:
    """Outputs of a prefix are those of the full run, and outputs that were given out never change afterwards."""
    stream, full = sample.stream(), sample.make()
    outputs, at_once = [], []
    for x in stream:
        outputs.append(full.update(x))
        at_once.append(canonical(outputs[-1]))
    assert [canonical(y) for y in outputs] == at_once
    for length in (1, len(stream) // 2, len(stream) - 1):
        truncated = sample.make()
        assert [canonical(truncated.update(x)) for x in stream[:length]] == at_once[:length]


def runs_agree(sample: Sample) -> None:
    """Two fresh steps say the same, bit by bit."""
    first, second = sample.make(), sample.make()
    for x, again in zip(sample.stream(), sample.stream(), strict=True):
        assert canonical(first.update(x)) == canonical(second.update(again))


def finite_on_finite_input(sample: Sample) -> None:
    """No infinity leaves a step or stays in it; NaN is the only word for "no information"."""
    step = sample.make()
    for x in [*sample.wild(), *sample.stream(), *sample.wild()]:
        y = step.update(x)
        assert not any(np.isinf(a).any() for a in arrays(y) if a.dtype.kind == "f")
        assert not any(np.isinf(a).any() for a in arrays(step.snapshot()) if a.dtype.kind == "f")


def refuses_other_versions(sample: Sample) -> None:
    """A snapshot of another version or layout is refused by name, and a truncated one too."""
    step = sample.make()
    state = step.snapshot()
    for other in (
        state | {"version": 99},
        state | {"layout": ("another",)},
        {key: value for key, value in state.items() if key != "version"},
    ):
        with pytest.raises(StateVersionError, match=step.name) as caught:
            sample.make().restore(other)
        assert str(caught.value.found) in str(caught.value)
        assert str(caught.value.wanted) in str(caught.value)


LAWS: tuple[Callable[[Sample], None], ...] = (
    input_is_pure,
    peek_is_update_on_a_copy,
    restores_mid_stream,
    snapshots_stand_still,
    memory_is_bounded,
    past_is_never_touched,
    runs_agree,
    finite_on_finite_input,
    refuses_other_versions,
)
