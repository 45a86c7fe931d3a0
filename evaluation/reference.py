"""Builds the reference artifact of a market from a panel, and compares two of them."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version as release_of
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import llvmlite.binding
import msgspec
import numpy as np

from evaluation import panel
from evaluation.faults import InputError
from evaluation.leaks import leaks
from models.pipeline import Pipeline
from models.publication import version_of
from models.reference import Reference, check_chain, check_market, decode, encode
from models.signals.bars import BarFold
from schemas.duration import DAY_US
from schemas.market import Market
from schemas.reading import decode_reading
from schemas.reference import FORMAT, Manifest, ReferenceFileError

__all__ = ["CLOSE_ENOUGH", "Verdict", "build", "compare", "encode", "load", "sources", "verify"]

Progress = Callable[[int, int], None]

CLOSE_ENOUGH: Final = 1e-9
"""How far numbers of one code and input may be apart between types of CPU."""

_COMPUTING: Final = ("numpy", "numba", "exchange-calendars")
_EPOCH: Final = date(1970, 1, 1)


def build(
    market: Market,
    inputs: Path,
    macro: Path | None = None,
    until: date | None = None,
    progress: Progress | None = None,
) -> Reference:
    """The artifact: the cores over a panel up to the session of `until`, every value from the moment it was public.

    Raises:
        InputError: a file that cannot be used, no finals, or a state that would give away values of an input.
    """
    read = panel.read(market, inputs, macro)
    through = (until - _EPOCH).days * DAY_US + DAY_US - 1 if until else int(read.closes_us[-1])
    read = read.between(-1, through)
    pipeline, fold = Pipeline(market), BarFold(market)
    said = list(panel.run(market, read, pipeline, progress, fold=fold))
    if not said:
        msg = f"{inputs}: no final by {until}: name a later day, or leave --until away"
        raise InputError(msg)
    last = said[-1]
    state = {"fold": fold.snapshot(), "pipeline": pipeline.snapshot()}
    _refuse_leaks(state, market, read)
    manifest = _manifest(market, [s.reading for s in said], _digests(market, inputs, macro))
    assert last.details is not None, "finals have details"
    made = Reference(manifest, state, tuple(s.reading for s in said), last.details)
    return decode(encode(made), "the artifact")  # as whoever reads the file will see it


def _refuse_leaks(state: Any, market: Market, read: panel.Panel) -> None:
    bars = read.bars
    secret = [(code, i.name) for code, i in enumerate(market.instrument) if not i.public]
    values = {name: bars.close[bars.code == code].to_numpy(np.float64) for code, name in secret}
    if found := leaks(state, values):
        msg = (
            f"the artifact would publish inputs: {'; '.join(found)}. Set memory = 'sketch' in [history], take "
            "indicators that keep no window of values, or mark instruments that anybody may see with public = true"
        )
        raise InputError(msg)


def _digests(market: Market, inputs: Path, macro: Path | None) -> dict[str, str]:
    names = {i.name for i in market.instrument}
    read = [inputs, *(path for path in sorted(macro.glob("*.csv")) if path.stem in names)] if macro else [inputs]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in read}


def _manifest(market: Market, finals: list[bytes], inputs: dict[str, str]) -> Manifest:
    first, last = decode_reading(finals[0]), decode_reading(finals[-1])
    return Manifest(
        format=FORMAT,
        market=market.name,
        version=version_of(market),
        finals=len(finals),
        first=first.at,
        last=last.at,
        head=last.hash,
        inputs=inputs,
        release=release_of("esi"),
        sources=sources(),
        cpu=f"{platform.machine()} {llvmlite.binding.get_host_cpu_name()}",
        python=platform.python_version(),
        libraries={name: release_of(name) for name in _COMPUTING},
    )


def sources() -> str:
    """SHA-256 over the code that computes: the modules of `schemas` and `models` in order of their names."""
    digest = hashlib.sha256()
    for package in ("models", "schemas"):
        root = Path(str(files(package)))
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{package}/{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def load(file: Path) -> Reference:
    """The artifact in a file, its parts and its hash chain checked.

    Raises:
        ReferenceFileError: it is not there, damaged, or its chain breaks.
    """
    try:
        reference = decode(file.read_bytes(), file)
    except OSError as error:
        msg = f"{file}: {error.strerror or error}"
        raise ReferenceFileError(msg) from error
    check_chain(reference, file)
    return reference


def verify(
    reference: Reference, market: Market, inputs: Path, macro: Path | None = None, progress: Progress | None = None
) -> Verdict:
    """How an artifact compares with one that is built again from its inputs.

    Raises:
        InputError: these are not the files that it was built from, or as `build`.
        ReferenceFileError: the market file or this release make another version.
    """
    check_market(reference, market, "the artifact")
    wanted, found = reference.manifest.inputs, _digests(market, inputs, macro)
    if sorted(wanted.values()) != sorted(found.values()):
        others = sorted({n for n, digest in found.items() if digest not in wanted.values()} | (wanted.keys() - found))
        msg = f"it was built from other inputs: {', '.join(others)} differ or lack; `esi reference show` names them"
        raise InputError(msg)
    until = date.fromisoformat(reference.manifest.last[:10])
    return compare(reference, build(market, inputs, macro, until, progress))


@dataclass(frozen=True)
class Verdict:
    """How an artifact compares with one rebuilt from its inputs.

    Attributes:
        identical: whether state, finals and details are the same bytes.
        same_machine: whether both were made by one type of CPU, Python and libraries.
        largest: largest difference of two numbers, relative to those above one.
        differs: what cannot differ by rounding and does, such as `finals[12].level`; at most ten.
    """

    identical: bool
    same_machine: bool
    largest: float
    differs: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Identical bytes on the same type of machine, numbers equal to 1e-9 elsewhere."""
        return self.identical or (not self.same_machine and not self.differs and self.largest <= CLOSE_ENOUGH)


def compare(one: Reference, other: Reference) -> Verdict:
    """How two artifacts of the same inputs compare; hashes follow from what they cover and are left out."""
    machines = [(r.manifest.cpu, r.manifest.python, r.manifest.libraries) for r in (one, other)]
    blank = replace(one, manifest=msgspec.structs.replace(other.manifest, members={}))
    if encode(blank) == encode(other):
        return Verdict(True, machines[0] == machines[1], 0.0, ())
    largest, differs = 0.0, []
    for place, gap in _gaps("", _content(one), _content(other)):
        if gap is None:
            differs.append(place)
        else:
            largest = max(largest, gap)
    return Verdict(False, machines[0] == machines[1], largest, tuple(differs[:10]))


def _content(reference: Reference) -> Any:
    """Everything but the manifest and the hashes, as plain data."""
    finals = [msgspec.json.decode(raw) | {"prev_hash": "", "hash": ""} for raw in reference.finals]
    state = dict(reference.state)
    state["pipeline"] = state["pipeline"] | {"publication": None}  # its state is a hash
    return {"finals": finals, "details": msgspec.json.decode(reference.details), "state": state}


def _gaps(place: str, one: Any, other: Any) -> Iterator[tuple[str, float | None]]:
    """Differences of two plain data by their places; None where they are none of numbers."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from _gaps(f"{place}.{key}", one[key], other[key])
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for n, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _gaps(f"{place}[{n}]", a, b)
    elif isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.shape == other.shape:
        yield place, _gap(one, other)
    elif isinstance(one, float) and isinstance(other, float):
        yield place, _gap(np.array(one), np.array(other))
    elif one != other:
        yield place, None


def _gap(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float | None:
    """The largest difference, relative above one; None where one is unknown and the other is not."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return None
    distance = np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), 1.0)
    return float(np.nanmax(distance, initial=0.0))
