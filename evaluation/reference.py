"""Builds the reference artifact of a market from a panel, and verifies one."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from datetime import date
from importlib.metadata import version as release_of
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import llvmlite.binding
import numpy as np

from evaluation import panel
from evaluation.comparison import CLOSE_ENOUGH, Verdict, compare
from evaluation.faults import InputError
from evaluation.leaks import leaks
from evaluation.probe import probe
from models.pipeline import Pipeline
from models.publication import version_of
from models.reference import Reference, check_chain, check_market, decode, encode
from models.signals.bars import BarFold
from models.signals.step import StateVersionError
from schemas.duration import DAY_US
from schemas.market import Market
from schemas.reading import decode_reading
from schemas.reference import FORMAT, Manifest, ReferenceFileError

__all__ = ["build", "check_code", "encode", "load", "sources", "verify"]

Progress = Callable[[int, int], None]

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
    manifest = _manifest(market, [s.reading for s in said], _digests(market, inputs, macro), probe(state, market))
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


def _manifest(market: Market, finals: list[bytes], inputs: dict[str, str], probed: dict[str, float]) -> Manifest:
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
        probe=probed,
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


def check_code(reference: Reference, market: Market) -> None:
    """Whether this release goes on from an artifact as the one did that built it, to 1e-9.

    Raises:
        ReferenceFileError: it does not, or the artifact is of another version of the market.
    """
    check_market(reference, market, "the artifact")
    try:
        found, wanted = probe(reference.state, market), reference.manifest.probe
    except StateVersionError as error:
        msg = f"the artifact's state cannot be continued ({error}): build it anew, such as by `make reference`"
        raise ReferenceFileError(msg) from error
    apart = [name for name in wanted if not abs(found.get(name, np.inf) - wanted[name]) <= CLOSE_ENOUGH]
    if apart or found.keys() != wanted.keys():
        msg = (
            f"{len(apart)} of {len(wanted)} numbers that this release makes of sessions after the artifact's end are "
            f"not those of the one that built it ({', '.join(apart[:2])}): build it anew, such as by `make reference`"
        )
        raise ReferenceFileError(msg)
