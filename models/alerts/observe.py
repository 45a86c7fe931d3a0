"""What the engine's fields are worth in a reading and, at finals, in its details."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np

from models.alerts.engine import SILENCE, Observation
from schemas.alert_fields import LEVELS, QUANTILES, REGIMES, Path, of_finals
from schemas.reading import Details, IndicatorRow, Matrix, Reading, parse_rfc3339

NAN: Final = float("nan")
Getter = Callable[[Reading, "Behind | None"], float | None]


class Behind:
    """The details of a final, made ready for look-up."""

    def __init__(self, details: Details) -> None:
        self.indicators: dict[str, IndicatorRow] = {row.name: row for row in details.indicators}
        self.volatility = details.volatility
        self.correlation = {"segment_correlation": details.segment_correlation}
        self.correlation["instrument_correlation"] = details.instrument_correlation
        self.scores = _scores(details)


def _scores(details: Details) -> dict[Path, float | None]:
    """What a final's details say of its scores, by the paths of the fields; nothing in markets without scores."""
    found: dict[Path, float | None] = {}
    if details.forecast:
        found["forecast", "skill"] = details.forecast[-1].skill
    if details.regime:
        found["regime", "dwell"], found["regime", "change"] = details.regime.dwell, details.regime.change
    if details.drift:
        found["drift", "found"], found["drift", "since"] = len(details.drift.found), details.drift.since
    return found


class Observer:
    """Makes observations for an engine that wants certain fields.

    Args:
        wanted: paths of fields, as `Engine.wanted` gives them.
    """

    def __init__(self, wanted: Sequence[Path]) -> None:
        self._getters = [_getter(path) for path in wanted]
        self._silence = wanted.index(SILENCE) if SILENCE in wanted else None

    def reading(self, reading: Reading, details: Details | None = None) -> Observation:
        """The observation of a reading; `details` are those of a final."""
        behind = None if details is None else Behind(details)
        values = np.array([_float(get(reading, behind)) for get in self._getters], np.float64)
        return Observation(parse_rfc3339(reading.at), reading.final, values)

    def tock(self, at_us: int, silent_s: float) -> Observation:
        """The observation that nothing came for so many seconds; everything else stands as it was."""
        values = np.full(len(self._getters), np.nan)
        if self._silence is not None:
            values[self._silence] = silent_s
        return Observation(at_us, False, values, tock=True)


def _float(value: float | None) -> float:
    return NAN if value is None or not np.isfinite(value) else float(value)


def _plain(name: str, reading: Reading, _: Behind | None) -> Any:
    value = getattr(reading, name)
    return value if isinstance(value, int | float) else None


def _level(reading: Reading, _: Behind | None) -> float | None:
    return LEVELS.index(reading.level) if reading.level in LEVELS else None


def _contribution(name: str, reading: Reading, _: Behind | None) -> float | None:
    return reading.contributions.get(name)


def _form(name: str, reading: Reading, _: Behind | None) -> float | None:
    return reading.forms.get(name)


def _change(part: str, reading: Reading, _: Behind | None) -> float | None:
    return None if reading.change is None else float(getattr(reading.change, part))


def _level_change(segment: str, reading: Reading, _: Behind | None) -> float | None:
    return None if reading.change is None else reading.change.level.get(segment)


def _staleness(part: str, reading: Reading, _: Behind | None) -> float | None:
    value: float | None = getattr(reading.staleness, part)
    return value


def _flag(name: str, reading: Reading, _: Behind | None) -> float:
    return float(name in reading.flags)


def _no_silence(_: Reading, __: Behind | None) -> float:
    return 0.0


def _indicator(name: str, part: str, _: Reading, behind: Behind | None) -> float | None:
    row = None if behind is None else behind.indicators.get(name)
    value: float | None = None if row is None else getattr(row, part)
    return value


def _volatility(name: str, _: Reading, behind: Behind | None) -> float | None:
    return None if behind is None else behind.volatility.get(name)


def _correlation(of: str, names: tuple[str, ...], _: Reading, behind: Behind | None) -> float | None:
    if behind is None:
        return None
    matrix = behind.correlation[of]
    return _mean(matrix) if names == ("mean",) else _pair(matrix, names)


def _pair(matrix: Matrix, names: tuple[str, ...]) -> float | None:
    if not set(names) <= set(matrix.names):
        return None
    return matrix.values[matrix.names.index(names[0])][matrix.names.index(names[1])]


def _mean(matrix: Matrix) -> float | None:
    """Mean of what is known off the diagonal."""
    known = [v for n, row in enumerate(matrix.values) for v in row[:n] if v is not None]
    return sum(known) / len(known) if known else None


def _forecast(quantile: str, reading: Reading, _: Behind | None) -> float | None:
    return reading.forecast[QUANTILES[quantile]] if reading.forecast else None


def _anomaly(_tail: str, reading: Reading, _: Behind | None) -> float | None:
    return None if isinstance(reading.anomaly, msgspec.UnsetType) else reading.anomaly


def _regime(name: str, reading: Reading, _: Behind | None) -> float | None:
    return float(reading.regime == name) if reading.regime in REGIMES else None


def _score(path: Path, _: Reading, behind: Behind | None) -> float | None:
    return None if behind is None else behind.scores.get(path)


def _getter(path: Path) -> Getter:
    root, *rest = path
    if root in _SCORED and of_finals(path):
        return partial(_score, path)
    if root in {"segment_correlation", "instrument_correlation"}:
        return partial(_correlation, root, tuple(rest))
    if path[:2] == ("change", "level"):
        return partial(_level_change, path[2])
    if root in _NAMED:
        return partial(_NAMED[root], *rest)
    return _ALONE.get(root) or partial(_plain, root)


_SCORED: Final = frozenset({"forecast", "regime", "drift"})
_ALONE: Final[dict[str, Getter]] = {"level": _level, "silence": _no_silence}
_NAMED: Final[dict[str, Callable[..., float | None]]] = {
    "contributions": _contribution,
    "forms": _form,
    "change": _change,
    "staleness": _staleness,
    "flags": _flag,
    "indicators": _indicator,
    "volatility": _volatility,
    "forecast": _forecast,
    "anomaly": _anomaly,
    "regime": _regime,
}
