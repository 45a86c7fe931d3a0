"""How `esi trainer` has a market's models taught: the command line, or why there is none."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.plan import HISTORY_FEED
from deploy.servers import esi
from deploy.settings import Settings
from schemas.market import Market

WITHOUT_TORCH: Final = (
    'torch is not installed here, so nothing is trained: pip install -c constraints.txt -e ".[train]" '
    "(docs/forecast.md says how to take the smaller CPU build). Challengers are still judged"
)


class NoTrainingError(RuntimeError):
    """A market cannot be trained here; the message says why, and what to do."""


def command(settings: Settings, market: Market, given: str, arguments: Sequence[str] = ()) -> list[str]:
    """`esi train` for a market that was given as this name or file; `arguments` stand behind ours.

    Raises:
        NoTrainingError: torch is missing, or there is nothing to learn from.
    """
    if any(importlib.util.find_spec(name) is None for name in ("torch", "onnxscript")):
        raise NoTrainingError(WITHOUT_TORCH)
    # the trainer itself decides who comes into force
    return esi("train", "--market", given, "--resume", "--no-seat", *_inputs(settings, market, arguments), *arguments)


def _inputs(settings: Settings, market: Market, arguments: Sequence[str]) -> list[str]:
    """Where it reads the past; a market whose history ships has its own."""
    if market.name == HISTORY_FEED or "--inputs" in arguments:
        return []
    if settings.retrain_inputs is None:
        msg = f"{market.name} has no history that ships: set ESI_RETRAIN_INPUTS (or --inputs) to its daily values"
        raise NoTrainingError(msg)
    named = {"--inputs": settings.retrain_inputs, "--macro": settings.retrain_macro}
    there = {flag: _there(flag, path) for flag, path in named.items() if path is not None}
    return [part for flag, path in there.items() for part in (flag, str(path))]


def _there(flag: str, path: Path) -> Path:
    if not path.exists():
        msg = f"{path} is not there: put it there, or name another ({flag}, ESI_RETRAIN_{flag[2:].upper()})"
        raise NoTrainingError(msg)
    return path
