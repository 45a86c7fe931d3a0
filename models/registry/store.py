"""What a registry holds: names, versions, what each is, and what was said of it when it was last checked."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from models.registry import aliases, manifest
from models.registry.aliases import Aliases
from models.registry.manifest import Manifest, put
from models.registry.refusals import ModelRefusedError, Refusal

VERDICT: Final = "check.json"
"""In a version's folder; what it says of its files is not part of the model."""


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the last check found.

    Attributes:
        at: when, UTC, RFC 3339.
        reason: why it stays out; None: it may be used.
        text: the same as a sentence.
        losses: on its gate set, its own and the champion's.
        against: the champion then.
    """

    at: str
    reason: str | None = None
    text: str = ""
    losses: dict[str, float] = {}
    against: str | None = None


class Version(msgspec.Struct, frozen=True):
    """One version in the registry.

    Attributes:
        name: of the model.
        version: of this one.
        roles: `champion`, `challenger`, `previous`, or none of them.
        manifest: what it is; None where that cannot be read.
        fault: why it cannot.
        verdict: of the last check, if there was one.
    """

    name: str
    version: str
    roles: list[str]
    manifest: Manifest | None
    fault: str | None
    verdict: Verdict | None


_decoder: Final = msgspec.json.Decoder(Verdict)


def names(registry: Path) -> list[str]:
    """Models that have a folder, sorted; none where there is no registry."""
    return sorted(one.name for one in _folders(registry) if manifest.NAME.fullmatch(one.name))


def versions(registry: Path, name: str) -> list[Version]:
    """All versions of a model, the oldest first; those whose manifest cannot be read last."""
    said = _aliases(registry / name)
    folders = [one for one in _folders(registry / name) if manifest.VERSION.fullmatch(one.name)]
    found = [_version(one, said) for one in sorted(folders)]
    return sorted(found, key=lambda one: (one.manifest is None, one.manifest.created_at if one.manifest else ""))


def listing(registry: Path) -> list[Version]:
    """All versions of all models."""
    return [one for name in names(registry) for one in versions(registry, name)]


def find(registry: Path, name: str, version: str) -> Path:
    """Folder of a version.

    Raises:
        ModelRefusedError: there is none; says which there are.
    """
    folder = registry / name / version
    if manifest.NAME.fullmatch(name) and manifest.VERSION.fullmatch(version) and folder.is_dir():
        return folder
    known = [one.version for one in versions(registry, name)] if name in names(registry) else []
    there = f"versions of {name}: {', '.join(known)}" if known else f"models: {', '.join(names(registry)) or 'none'}"
    raise ModelRefusedError(Refusal.MISSING, f"{registry} has no {name} {version}; {there}")


def judge(folder: Path, verdict: Verdict) -> None:
    """Keeps what a check found with the version.

    Raises:
        OSError: it cannot be written.
    """
    put(folder / VERDICT, msgspec.json.encode(verdict) + b"\n")


def _version(folder: Path, said: Aliases) -> Version:
    own, fault = None, None
    try:
        own = manifest.read(folder)
    except ModelRefusedError as error:
        fault = str(error)
    return Version(folder.parent.name, folder.name, said.of(folder.name), own, fault, _verdict(folder))


def _verdict(folder: Path) -> Verdict | None:
    try:
        return _decoder.decode((folder / VERDICT).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def _aliases(model: Path) -> Aliases:
    try:
        return aliases.read(model)
    except ModelRefusedError:
        return Aliases()


def _folders(root: Path) -> list[Path]:
    try:
        return [one for one in root.iterdir() if one.is_dir()]
    except OSError:  # there is none, or it is being taken away
        return []
