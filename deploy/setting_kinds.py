"""Kinds of settings: how each is read from text, and how it is told to people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _names(value: object) -> object:
    """A comma-separated text as a tuple; anything else unchanged."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _bootstrap(value: object) -> object:
    """`kafka://host:port` as librdkafka wants it: `host:port`."""
    return value.removeprefix("kafka://") if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Folder = Annotated[Path, AfterValidator(_absolute)]
Port = Annotated[int, Field(ge=0, le=65535)]
Bootstrap = Annotated[str, BeforeValidator(_bootstrap)]


def allowed(field: FieldInfo) -> str:
    """What may stand in a setting, in words: `a whole number, 1 to 65535`."""
    kind = get_args(field.annotation)[0] if type(None) in get_args(field.annotation) else field.annotation
    if options := [option for option in get_args(kind) if isinstance(option, str)]:
        return "one of " + ", ".join(options)
    if kind is int:
        least, most = (_bound(field, name) for name in ("ge", "le"))
        return "a whole number, " + (f"{least} to {most}" if most is not None else f"at least {least}")
    if kind is bool:
        return "true or false"
    if kind is Path or Path in get_args(kind):
        return "a path"
    return "a list with commas" if get_origin(kind) is tuple else "a text" if kind is str else "a URL"


def _bound(field: FieldInfo, name: str) -> int | None:
    return next((getattr(rule, name) for rule in field.metadata if hasattr(rule, name)), None)
