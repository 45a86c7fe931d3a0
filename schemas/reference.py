"""The reference artifact of a market: its file's name, and the manifest that says what is in it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

import msgspec

FORMAT: Final = 1
SUFFIX: Final = ".reference"
MANIFEST: Final = "manifest.json"


class ReferenceFileError(ValueError):
    """An artifact that cannot be used; the message names the file, what is wrong and the remedy."""


class Member(msgspec.Struct, frozen=True):
    """One part of the file: its size in bytes and its SHA-256, both before compression."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What an artifact is, and what made it.

    Attributes:
        format: version of the file's format.
        market: name of the market.
        version: schema, method and market file of its readings.
        finals: number of finals.
        first: time of the first final, RFC 3339.
        last: time of the last final.
        head: hash of the last final; it covers all before it.
        inputs: SHA-256 of each input file by its name.
        release: version of ESI that built it.
        sources: SHA-256 over the sources of `schemas` and `models`.
        cpu: type of the CPU, as compilers call it.
        python: version of Python.
        libraries: versions of the libraries that compute.
        probe: what made-up sessions after the last final read, by time and name: another release that computes alike
            reads the same.
        members: the parts of the file by name.
    """

    format: int
    market: str
    version: str
    finals: int
    first: str
    last: str
    head: str
    inputs: dict[str, str]
    release: str
    sources: str
    cpu: str
    python: str
    libraries: dict[str, str]
    probe: dict[str, float] = {}
    members: dict[str, Member] = {}


def file_of(folder: Path, market: str) -> Path:
    """Where the artifact of a market lies in a folder of them."""
    return folder / f"{market}{SUFFIX}"


def manifest_of(file: Path) -> Manifest:
    """The manifest alone: quick, and nothing of the rest is checked.

    Raises:
        ReferenceFileError: no such file, not an artifact, or of a later format.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            return decode_manifest(archive.read(MANIFEST), file)
    except OSError as error:
        msg = f"{file}: {error.strerror or error}"
        raise ReferenceFileError(msg) from error
    except (zipfile.BadZipFile, KeyError) as error:
        raise damaged(file, str(error)) from error


def decode_manifest(raw: bytes, origin: Path | str) -> Manifest:
    """A manifest from its JSON; `origin` is how messages call the file.

    Raises:
        ReferenceFileError: no manifest, or one of a later format.
    """
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError as error:
        raise damaged(origin, str(error)) from error
    if manifest.format != FORMAT:
        msg = f"{origin}: of format {manifest.format}, this release reads {FORMAT}: update ESI, or build it anew"
        raise ReferenceFileError(msg)
    return manifest


def damaged(origin: Path | str, what: str) -> ReferenceFileError:
    """The error for a file that is not whole."""
    return ReferenceFileError(
        f"{origin}: damaged or no reference artifact ({what}): fetch it again, or build it with `esi reference build`"
    )
