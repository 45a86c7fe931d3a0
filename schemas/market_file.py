"""Reads market files; what is wrong in one is named with its line."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from schemas.market import Market

_SHIPPED = files("schemas").joinpath("markets")


class MarketFileError(ValueError):
    """A market file that cannot be used; the message names file, line, field and remedy."""


def shipped() -> list[str]:
    """Names of the markets that come with ESI, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".toml"))


def load(name_or_path: str) -> Market:
    """A shipped market by its name, or any market by the path of its file.

    Raises:
        MarketFileError: no such market, no TOML, or no valid market.
    """
    if name_or_path in shipped():
        return parse(_SHIPPED.joinpath(f"{name_or_path}.toml").read_bytes(), f"{name_or_path}.toml")
    path = Path(name_or_path)
    if not path.is_file():
        msg = f"no market {name_or_path!r}: give the path of a market file, or one of {', '.join(shipped())}"
        raise MarketFileError(msg)
    return parse(path.read_bytes(), str(path))


def parse(raw: bytes, origin: str) -> Market:
    """Market from the bytes of its file; `origin` is how messages call it.

    Raises:
        MarketFileError: not UTF-8, no TOML, or no valid market.
    """
    try:
        text = raw.decode()
        return Market.model_validate(tomllib.loads(text))
    except UnicodeDecodeError as error:
        msg = f"{origin}: not UTF-8 at byte {error.start}"
        raise MarketFileError(msg) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"{origin}: {error}"
        raise MarketFileError(msg) from error
    except (ValidationError, RecursionError) as error:
        raise MarketFileError(_explain(error, text, origin)) from error


def _explain(error: ValidationError | RecursionError, text: str, origin: str) -> str:
    if isinstance(error, RecursionError):
        return f"{origin}: nested too deeply"
    lines = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(part) for part in fault["loc"]) or "market"
        line = _line_of(text, fault["loc"])
        lines.append(f"{origin}:{line}: {where}: {fault['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def _line_of(text: str, loc: tuple[int | str, ...]) -> int:
    """The line where `loc` is written, or where its table begins if it is missing.

    Arrays of tables are counted (`[[instrument]]` the third time is `instrument.2`), nested ones within their parent.
    """
    lines = text.splitlines()
    start, end, index = 0, len(lines), 0
    path: list[str] = []
    while index < len(loc) and isinstance(loc[index], str):
        path.append(str(loc[index]))
        count = loc[index + 1] if index + 1 < len(loc) and isinstance(loc[index + 1], int) else None
        header = re.compile(rf"\s*\[\[?\s*{re.escape('.'.join(path))}\s*\]\]?")
        hits = [n for n in range(start, end) if header.match(lines[n])]
        if not hits:
            break
        nth = int(count) if count is not None else 0
        if nth >= len(hits):
            break
        start, end = hits[nth], hits[nth + 1] if nth + 1 < len(hits) else end
        index += 1 if count is None else 2
    if index < len(loc):
        key = re.compile(rf"\s*\"?{re.escape(str(loc[index]))}\"?\s*=")
        for n in range(start, end):
            if key.match(lines[n]):
                return n + 1
    return start + 1
