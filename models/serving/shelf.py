"""Models that a flow has asked for: loaded once, kept beside its state, so that it never needs the registry again."""

from __future__ import annotations

import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from models.registry import store
from models.registry.aliases import ordered
from models.registry.manifest import FILES, MANIFEST, NAME, VERSION, Manifest, put
from models.registry.refusals import ModelRefusedError, Refusal
from models.serving.admission import admit
from models.serving.pace import Clock
from models.serving.session import OnnxModel

LOADED: Final = 16
"""Models held for those who may ask next; seats hold their own."""

KEPT: Final = 8
"""Versions of a model whose files are kept beside the state, and orders whose refusal is remembered."""

COPIES: Final = "models"
"""Folder beside a flow's state: copies of the models that it has used."""

REFUSED: Final = "refused.json"
"""In a model's folder beside the state: reason and sentence of each order that was refused."""

_MAKING: Final = ".making-"

_Key = tuple[str, str]


class Witness(Protocol):
    """Is told what happens on a shelf, from any thread."""

    def loaded(self, manifest: Manifest) -> None:
        """A model was admitted."""
        ...

    def refused(self, name: str, order: str, error: ModelRefusedError) -> None:
        """The model of an order stays out."""
        ...

    def faulted(self, manifest: Manifest, reason: Refusal) -> None:
        """A model gave nothing for a moment."""
        ...

    def slowed(self, manifest: Manifest, best_us: float) -> None:
        """A model has become slow: all of its last runs took this long at least, microseconds."""
        ...

    def not_kept(self, name: str, error: OSError) -> None:
        """There is no room for its files beside the state."""
        ...


class RegistryShelf:
    """A registry's models by their versions; what it has once found, or refused, it finds or refuses again.

    A model is copied beside the flow's state before it is looked at, and used from there: a registry that is changed or
    deleted afterwards changes no reading, after a restart neither. An order that was refused is written down for
    the same reason. Aliases are read by nobody here.

    Args:
        registry: its folder, which may be missing.
        kept: folder of the copies; None keeps none.
        clock: as `admit` wants it.
        witness: is told.
        glance: a cheaper clock, likewise.
    """

    def __init__(
        self, registry: Path, kept: Path | None, clock: Clock, witness: Witness, glance: Clock | None = None
    ) -> None:
        self._registry, self._kept, self._clock, self._witness, self._glance = registry, kept, clock, witness, glance
        self._models: OrderedDict[_Key, OnnxModel] = OrderedDict()
        self._refused: dict[_Key, ModelRefusedError] = {}
        self._doors: dict[_Key, threading.Lock] = {}
        self._guard = threading.Lock()

    def find(self, name: str, order: str) -> OnnxModel | ModelRefusedError:
        """The model of an order; loads it now if it was not loaded beforehand."""
        version = ordered(order) or ""
        if known := self._known_refusal(name, order):
            return known
        try:
            return self._loaded(name, version, self._anew)
        except ModelRefusedError as error:
            self._refuse(name, order, error)
            return error

    def refused(self, name: str, order: str, error: ModelRefusedError) -> None:
        """A misfit is told and not remembered: another market of the flow may have use for the same order."""
        self._witness.refused(name, order, error)

    def open(self, name: str, version: str) -> OnnxModel | ModelRefusedError:
        """The model of a version that served before: from its copy, or else from the registry."""
        try:
            return self._loaded(name, version, self._again)
        except ModelRefusedError as error:
            self._witness.refused(name, version, error)
            return error

    def prepare(self, name: str, version: str) -> None:
        """Loads a model that may be ordered soon, beside whoever serves.

        Raises:
            ModelRefusedError: it cannot be had now; nothing is remembered of that.
        """
        self._loaded(name, version, self._anew)

    def _loaded(self, name: str, version: str, load: Callable[[str, str], OnnxModel]) -> OnnxModel:
        """From memory, or loaded by the one thread that came first."""
        key = (name, version)
        with self._guard:
            door = self._doors.setdefault(key, threading.Lock())
        with door:
            with self._guard:
                if key in self._models:
                    self._models.move_to_end(key)
                    return self._models[key]
            model = load(name, version)
            self._witness.loaded(model.manifest)
            with self._guard:
                self._models[key] = model
                while len(self._models) > LOADED:
                    self._doors.pop(self._models.popitem(last=False)[0], None)
        return model

    def _anew(self, name: str, version: str) -> OnnxModel:
        """Admitted, by its copy if there is room for one."""
        if (copy := self._copy_of(name, version)) is not None:
            return self._admit(copy, known=True)
        folder = store.find(self._registry, name, version)
        if self._kept is None:
            return self._admit(folder)
        making = self._kept / f"{_MAKING}{os.getpid()}-{threading.get_ident()}"
        try:
            copy = _copied(folder, making / name / version)
        except OSError as error:
            shutil.rmtree(making, ignore_errors=True)
            self._witness.not_kept(name, error)
            return self._admit(folder)
        try:
            model = self._admit(copy)
            self._keep(copy, self._kept / name / version)
            return model
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _again(self, name: str, version: str) -> OnnxModel:
        copy = self._copy_of(name, version)
        try:
            if copy is not None:
                return self._admit(copy, known=True)
        except ModelRefusedError:  # the copy is damaged: the registry may still have it
            pass
        return self._admit(store.find(self._registry, name, version), known=True)

    def _admit(self, folder: Path, *, known: bool = False) -> OnnxModel:
        told = self._witness
        return admit(folder, self._clock, told.faulted, told.slowed, glance=self._glance, known=known).model

    def _copy_of(self, name: str, version: str) -> Path | None:
        if self._kept is None or not (NAME.fullmatch(name) and VERSION.fullmatch(version)):
            return None
        copy = self._kept / name / version
        return copy if (copy / MANIFEST).is_file() else None

    def _keep(self, copy: Path, place: Path) -> None:
        """Puts a copy in its place: another process of the flow may have been quicker. Old ones make room."""
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            copy.rename(place)
            others = sorted(
                (one for one in place.parent.iterdir() if one.is_dir()), key=lambda one: one.stat().st_mtime
            )
            for old in others[:-KEPT]:
                shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            if not (place / MANIFEST).is_file():
                self._witness.not_kept(place.parent.name, error)

    def _known_refusal(self, name: str, order: str) -> ModelRefusedError | None:
        if (name, order) not in self._refused and self._kept is not None and NAME.fullmatch(name):
            for known, (reason, text) in refusals(self._kept / name / REFUSED).items():
                self._refused[name, known] = ModelRefusedError(reason, text)
        return self._refused.get((name, order))

    def _refuse(self, name: str, order: str, error: ModelRefusedError) -> None:
        """Remembers a refusal, and writes it down before anything is said by it."""
        self._witness.refused(name, order, error)
        with self._guard:
            self._refused[name, order] = error
            if self._kept is None or not NAME.fullmatch(name):
                return
            file = self._kept / name / REFUSED
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                known = refusals(file) | {order: (error.reason, error.text)}
                put(file, msgspec.json.encode(dict(list(known.items())[-KEPT:])))
            except OSError as fault:
                self._witness.not_kept(name, fault)


def _copied(folder: Path, copy: Path) -> Path:
    """A copy of a model's files; one that is missing is missed by who looks at them."""
    copy.mkdir(parents=True)
    for name in (*FILES, MANIFEST):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, copy / name)
    return copy


def refusals(file: Path) -> dict[str, tuple[Refusal, str]]:
    """Reasons and sentences by order, the oldest first."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, tuple[Refusal, str]])
    except (OSError, msgspec.DecodeError):
        return {}
