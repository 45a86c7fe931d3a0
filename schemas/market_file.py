"""Reads market files; what is wrong in one is named with its line."""

from __future__ import annotations

import glob
import re
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from schemas.market import FaultsError, Market, Place
from schemas.names import EDITION_MARK, edition_of

_SHIPPED = files("schemas").joinpath("markets")
_HEADER = re.compile(r"\s*\[\[?[\w.\s-]+\]\]?\s*(#.*)?$")
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_LONG_NUMBER = re.compile(r"[\d_]{4301,}")
_ALTERNATIVE = re.compile(r"function-|literal\[|int$|str$|tuple\[")


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
    try:
        return parse(Path(name_or_path).read_bytes(), name_or_path)
    except (FileNotFoundError, IsADirectoryError, ValueError) as error:
        if isinstance(error, MarketFileError):
            raise
        msg = f"no market {name_or_path!r}: give the path of a market file, or one of {', '.join(shipped())}"
        raise MarketFileError(msg) from error
    except OSError as error:
        msg = f"{name_or_path}: {error.strerror}"
        raise MarketFileError(msg) from error


def with_editions(names_or_paths: Iterable[str]) -> list[str]:
    """The markets, each followed by the later editions that stand beside it: `us.toml` brings `us@2.toml` along.

    Raises:
        MarketFileError: an edition that is called otherwise, or reads another feed.
    """
    found: dict[str, None] = {}
    for name_or_path in names_or_paths:
        found |= dict.fromkeys([name_or_path, *_later_editions(name_or_path)])
    return list(found)


def _later_editions(name_or_path: str) -> list[str]:
    """The editions beside a market that is a first one itself, in turn."""
    path = Path(name_or_path)
    if name_or_path in shipped():
        beside = [name for name in shipped() if name.startswith(name_or_path + EDITION_MARK)]
    else:
        pattern = f"{glob.escape(path.stem)}{EDITION_MARK}*{glob.escape(path.suffix)}"
        beside = [str(one) for one in path.parent.glob(pattern)] if path.suffix else []
    if not beside:
        return []
    first = load(name_or_path)
    later = sorted((edition_of(load(one).name)[1], one) for one in beside)
    for _edition, one in later:
        _belongs(load(one), first, one)
    return [one for _edition, one in later]


def _belongs(edition: Market, first: Market, origin: str) -> None:
    stem = origin.removesuffix(".toml").rpartition(EDITION_MARK)[2]
    wanted = f"{first.name}{EDITION_MARK}{stem}"
    for field, said, due in (("name", edition.name, wanted), ("feed", edition.feed, first.feed)):
        if said != due:
            msg = f"{origin}: {field}: it is {said!r}, and beside the file of {first.name!r} it must be {due!r}"
            raise MarketFileError(msg)


def parse(raw: bytes, origin: str) -> Market:
    """Market from the bytes of its file; `origin` is how messages call it.

    Raises:
        MarketFileError: not UTF-8, no TOML, or no valid market.
    """
    try:
        text = raw.decode()
        return Market.model_validate(tomllib.loads(text))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        msg = f"{origin}:{line}: not UTF-8 at byte {error.start}"
        raise MarketFileError(msg) from error
    except ValidationError as error:
        raise MarketFileError("\n".join(_sentences(error, text, origin))) from error
    except RecursionError as error:
        lines = text.splitlines()
        deepest = max(range(len(lines)), key=lambda n: lines[n].count("[") + lines[n].count("{"))
        msg = f"{origin}:{deepest + 1}: nested too deeply"
        raise MarketFileError(msg) from error
    except ValueError as error:  # besides TOMLDecodeError, tomllib lets int's own complaint through
        raise MarketFileError(_toml_sentence(error, text, origin)) from error


def _toml_sentence(error: ValueError, text: str, origin: str) -> str:
    where = _TOML_PLACE.search(str(error))
    if where:
        return f"{origin}:{where[1]}: {str(error)[: where.start()]} (column {where[2]})"
    digits = _LONG_NUMBER.search(text)
    line = text.count("\n", 0, digits.start() if digits else len(text)) + 1
    return f"{origin}:{line}: {error}"


def _sentences(error: ValidationError, text: str, origin: str) -> list[str]:
    sentences = []
    faults = error.errors(include_url=False)
    for fault in faults:
        if fault["type"] == "too_short" and any(
            other["loc"][: len(fault["loc"])] == fault["loc"] != other["loc"] for other in faults
        ):
            continue  # what was too short had a fault of its own, which is told
        cause = fault.get("ctx", {}).get("error")
        told = cause.faults if isinstance(cause, FaultsError) else [((), fault["msg"].removeprefix("Value error, "))]
        for place, sentence in told:
            loc = (*_written(fault["loc"]), *place)
            where = ".".join(str(part) for part in loc) or "market"
            sentences.append(f"{origin}:{_line_of(text, loc)}: {where}: {sentence}")
    return sentences


def _written(loc: tuple[int | str, ...]) -> Place:
    """The part of pydantic's place that stands in the file: it ends before the alternatives of a union."""
    ends = (n for n, part in enumerate(loc) if isinstance(part, str) and _ALTERNATIVE.match(part))
    return loc[: next(ends, len(loc))]


def _line_of(text: str, loc: Place) -> int:
    """The line where `loc` is written, or where its table begins if it is missing.

    Arrays of tables are counted (`[[instrument]]` the third time is `instrument.2`), nested ones within their parent.
    """
    lines = text.splitlines()
    start, end, rest = _table(lines, loc)
    if rest:
        body = start + (len(rest) < len(loc))  # behind the header; at the top of the file there is none
        own_end = next((n for n in range(body, end) if _HEADER.match(lines[n])), end)
        key = re.compile(rf"\s*[\"']?{re.escape(str(rest[0]))}[\"']?\s*[=.]")
        start = next((n for n in range(body, own_end) if key.match(lines[n])), start)
    return start + 1


def _table(lines: list[str], loc: Place) -> tuple[int, int, Place]:
    """First line and end of the innermost table on the way to `loc` that has a header, and the way that is left."""
    start, end, index = 0, len(lines), 0
    path: list[str] = []
    while index < len(loc):
        path.append(str(loc[index]))
        counted = index + 1 < len(loc) and isinstance(loc[index + 1], int)
        nth = int(loc[index + 1]) if counted else 0
        header = re.compile(rf"\s*\[\[?\s*{re.escape('.'.join(path))}\s*\]\]?")
        hits = [n for n in range(start, end) if header.match(lines[n])]
        if nth >= len(hits):
            break
        start, end = hits[nth], hits[nth + 1] if nth + 1 < len(hits) else end
        index += 2 if counted else 1
    return start, end, loc[index:]
