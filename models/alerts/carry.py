"""Takes the state of rules over: into bytes, and from one set of rules into the next one."""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec
import numpy as np

from models.alerts.engine import Engine
from models.signals.step import State

_FORMAT: Final = 1


def dump(engine: Engine) -> bytes:
    """The state of an engine as bytes."""
    return zlib.compress(msgspec.msgpack.encode({"format": _FORMAT, "state": _packed(engine.snapshot())}), 1)


def load(raw: bytes) -> State:
    """The state that `dump` gave, as `Engine.restore` and `carry` take it.

    Raises:
        ValueError: these are no such bytes, or of a later format.
    """
    try:
        found = msgspec.msgpack.decode(zlib.decompress(raw))
    except (zlib.error, msgspec.DecodeError) as error:
        msg = f"the saved state of the alerts cannot be read ({error})"
        raise ValueError(msg) from error
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise ValueError("the saved state of the alerts is of another version")
    state: State = _unpacked(found["state"])
    return state


def carry(state: State, engine: Engine) -> frozenset[str]:
    """Puts what a former set of rules knew into an engine of other rules; gives the keys of windows that begin anew.

    Rules go on where their key (rule and version) was known; windows and fields where they are the same.
    """
    fresh = engine.snapshot()
    before = {tuple(path): n for n, path in enumerate(state["layout"])}
    held = _taken(fresh["held"], state["held"], [tuple(p) for p in fresh["layout"]], before)
    merged = fresh | {"last_us": state["last_us"], "held": held}
    for part in ("windows", "phases"):
        merged[part] = _merged(fresh[part], state[part])
    engine.restore(merged)
    return frozenset(fresh["windows"]["layout"]) - frozenset(state["windows"]["layout"])


def _merged(fresh: State, known: State) -> State:
    before = {key: n for n, key in enumerate(known["layout"])}
    keys = list(fresh["layout"])
    header = {"step", "version", "layout"}
    return fresh | {name: _taken(fresh[name], known[name], keys, before) for name in fresh.keys() - header}


def _taken(fresh: Any, known: Any, keys: list[Any], before: dict[Any, int]) -> Any:
    """Rows of `known` by key, rows of `fresh` where the key is new."""
    rows = [(n, before[key]) for n, key in enumerate(keys) if key in before]
    taken = np.array(fresh)
    if rows:
        here, there = map(list, zip(*rows, strict=True))
        taken[here] = known[there]
    return taken


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.str, "shape": value.shape, "bytes": value.tobytes()}
    if isinstance(value, dict):
        return {key: _packed(item) for key, item in value.items()}
    return [_packed(item) for item in value] if isinstance(value, tuple) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        if "dtype" in value:
            return np.frombuffer(value["bytes"], value["dtype"]).reshape(value["shape"])
        return {key: _unpacked(item) for key, item in value.items()}
    return tuple(_unpacked(item) for item in value) if isinstance(value, list) else value
