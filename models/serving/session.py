"""One model in ONNX Runtime: one thread, asked for one reading at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from models.ensemble.levels import LEVELS
from models.features import LENGTH
from models.registry.manifest import MODEL, Kind, Manifest
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.pace import Clock, Pace
from models.signals.step import Floats

if TYPE_CHECKING:
    import onnxruntime as ort

Singles = npt.NDArray[np.float32]

INPUT: Final[dict[Kind, str]] = {"forecast": "window", "anomaly": "row"}
OUTPUTS: Final[dict[Kind, tuple[str, ...]]] = {"forecast": ("quantiles",), "anomaly": ("reconstruction", "surprise")}

Faulted = Callable[[Manifest, Refusal], None]
"""Told of a model that gave nothing for a moment: it sleeps then."""

Slowed = Callable[[Manifest, float], None]
"""Told of a model that has become slow, with the best of its last times, microseconds; what it says still counts."""


def ignore(_manifest: Manifest, _what: object) -> None:
    """Nobody wants to know."""


def untimed() -> int:
    """A clock that stands still: no run is slow by it."""
    return 0


class OnnxModel:
    """A session with what its manifest says.

    It is asked in the thread that computes the reading: one more thread would cost more than it brings at this size,
    and IO binding gains 2 of 55 microseconds. How long it takes changes nothing of what it says, or a replay would say
    something else: it is only told.

    Attributes:
        manifest: what it is.
        past: what it said of data that it was not trained on: surprises, float64[M]; empty for forecasts.
    """

    def __init__(
        self,
        manifest: Manifest,
        files: dict[str, bytes],
        faulted: Faulted = ignore,
        slowed: Slowed = ignore,
        *,
        clock: Clock = untimed,
        glance: Clock | None = None,
    ) -> None:
        """Loads a model whose files were verified.

        `clock` times it, which may cost microseconds itself; `glance` is a cheap clock that nobody who is quick is slow
        by, such as that on the wall: only behind a run that is slow by it, the next ones are timed by `clock`.

        Raises:
            ModelRefusedError: ONNX Runtime cannot load it, or its inputs and outputs are not those of its kind.
        """
        self.manifest, self.faulted, self.slowed = manifest, faulted, slowed
        self._clock, self._glance, self._pace = clock, glance or clock, Pace()
        self.past: Floats = np.empty(0)
        self._input, self._outputs = INPUT[manifest.kind], list(OUTPUTS[manifest.kind])
        try:
            self._session = _session(files[MODEL])
        except Exception as error:  # its errors have no base of their own
            raise ModelRefusedError(Refusal.FAILED, f"{self.title} does not load: {_first_line(error)}") from error
        self._check_signature()

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.manifest.name} {self.manifest.version}"

    def run(self, given: Singles, options: ort.RunOptions | None = None) -> dict[str, Singles]:
        """Outputs by name for a batch, float32[B, ...].

        Raises:
            ModelRefusedError: it could not be run.
        """
        try:
            said = self._session.run(self._outputs, {self._input: given}, options)
        except Exception as error:  # as above
            raise ModelRefusedError(Refusal.FAILED, f"{self.title} does not run: {_first_line(error)}") from error
        return dict(zip(self._outputs, said, strict=True))

    def quantiles(self, rows: Floats) -> Floats:
        """Quantiles of the change in units of its scale for one window float64[50, F]: float64[Q], NaN if it fails."""
        said = self._ask(rows)
        return said[0] if said else np.full(len(LEVELS), np.nan)

    def surprise(self, row: Floats) -> tuple[float, float]:
        """Error of the reconstruction, and surprise, of one row float64[F]; NaN if it fails."""
        said = self._ask(row)
        return (float(said[0][0]), float(said[1][0])) if said else (np.nan, np.nan)

    def _ask(self, x: Floats) -> list[Floats]:
        """Outputs for one moment, and how long they took told where that is too long again and again."""
        clock = self._clock if self._pace.suspects else self._glance
        began = clock()
        said = self._said(x)
        if (best_us := self._pace.took((clock() - began) / 1e3)) is not None:
            self.slowed(self.manifest, best_us)
        return said

    def _said(self, x: Floats) -> list[Floats]:
        """Outputs for one moment; none where it fails or says what is no number."""
        try:
            said = self._session.run(self._outputs, {self._input: x[None].astype(np.float32)})
        except Exception:  # as above
            self.faulted(self.manifest, Refusal.FAILED)
            return []
        first = [np.atleast_1d(one[0]).astype(np.float64) for one in said]
        if not all(np.isfinite(one).all() for one in first):
            self.faulted(self.manifest, Refusal.NOT_FINITE)
            return []
        return first

    def _check_signature(self) -> None:
        kind, features = self.manifest.kind, self.manifest.features
        shapes = {one.name: one.shape for one in (*self._session.get_inputs(), *self._session.get_outputs())}
        types = {one.type for one in (*self._session.get_inputs(), *self._session.get_outputs())}
        wanted = signature(kind, features)
        found = {name: ["B", *shape[1:]] for name, shape in shapes.items() if shape and not isinstance(shape[0], int)}
        if found != wanted or types != {"tensor(float)"}:
            told = f"{self.title} takes and gives {shapes} ({', '.join(sorted(types))}), and must {wanted} as floats"
            raise ModelRefusedError(Refusal.WRONG_SIGNATURE, told)


def signature(kind: Kind, features: int) -> dict[str, list[Any]]:
    """Shapes of the input and the outputs of a kind, by name; B is the batch."""
    if kind == "forecast":
        return {"window": ["B", LENGTH, features], "quantiles": ["B", len(LEVELS)]}
    return {"row": ["B", features], "reconstruction": ["B"], "surprise": ["B"]}


def _session(raw: bytes) -> ort.InferenceSession:
    """One thread, and no arena: it would keep the room of the largest batch, which is that of the checks."""
    import onnxruntime as ort  # noqa: PLC0415 (a flow without models does not wait for it)

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4  # what goes wrong is raised, and named by us
    return ort.InferenceSession(raw, options, providers=["CPUExecutionProvider"])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
