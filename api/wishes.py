"""What the query of a feed's address asks for."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from api.audience import Manner
from api.encodings import ENCODINGS, JSON
from api.resume import Since
from api.streams import Id
from api.viewer import POLICY
from schemas.duration import microseconds
from schemas.names import CHANNELS

MAX_SUBSCRIPTIONS = 64
SLOWEST = 3_600_000_000
"""Microseconds: the longest `every`."""

PARAMETERS = ("market", "channel", "since", "delta", "every", "encoding")


class RefusedError(Exception):
    """The socket is told why, and closed.

    Attributes:
        title: what is wrong.
        detail: what to do about it.
        code: close code.
    """

    def __init__(self, title: str, detail: str, code: int = POLICY) -> None:
        super().__init__(detail)
        self.title, self.detail, self.code = title, detail, code


@dataclass(frozen=True)
class Wish:
    """One subscription: a channel of a market, perhaps from an id (and its epoch) on."""

    market: str
    channel: str
    since: Since | None


@dataclass(frozen=True)
class Wishes:
    """What one socket wants, and how."""

    each: tuple[Wish, ...]
    manner: Manner


def parse_wishes(query: str) -> Wishes:
    """What a query asks for: every market with every channel, all in one manner.

    One `since` holds for all of them; as many as there are pairs hold one by one, markets first, empty for none.

    Raises:
        RefusedError: names the parameter.
    """
    given = _fields(query)
    markets = list(dict.fromkeys(given.get("market", [])))
    channels = list(dict.fromkeys(given.get("channel", ["readings"])))
    pairs = [(market, channel) for market in markets for channel in channels]
    if not pairs:
        raise RefusedError("No market", "Name at least one: /v1/feed?market=us-open")
    if len(pairs) > MAX_SUBSCRIPTIONS:
        raise RefusedError("Too many channels", f"One socket takes {MAX_SUBSCRIPTIONS}, not {len(pairs)}.")
    for channel in channels:
        if channel not in CHANNELS:
            raise RefusedError("Unknown channel", f"{channel[:40]!r}: there are {', '.join(CHANNELS)}.")
    since = given.get("since", [""])
    if len(since) not in (1, len(pairs)):
        raise RefusedError("Bad since", f"Give one since, or one for each of the {len(pairs)} channels.")
    each = since * len(pairs) if len(since) == 1 else since
    wishes = [Wish(*pair, _parse_since(text)) for pair, text in zip(pairs, each, strict=True)]
    return Wishes(tuple(wishes), parse_manner(given))


def parse_manner(given: dict[str, list[str]]) -> Manner:
    """How the messages are wanted.

    Raises:
        RefusedError: names the parameter.
    """
    delta, encoding = (given.get(name, [default])[-1] for name, default in (("delta", "0"), ("encoding", JSON.name)))
    if delta not in {"0", "1"}:
        raise RefusedError("Bad delta", f"{delta[:40]!r}: 1 for changed fields only, 0 for whole readings.")
    if encoding not in ENCODINGS:
        raise RefusedError("Unknown encoding", f"{encoding[:40]!r}: there are {', '.join(ENCODINGS)}.")
    return Manner(ENCODINGS[encoding], delta == "1", _parse_every(given.get("every", ["0"])[-1]))


def _fields(query: str) -> dict[str, list[str]]:
    try:
        given = parse_qs(query, keep_blank_values=True, max_num_fields=4 * MAX_SUBSCRIPTIONS)
    except ValueError as error:  # more fields than anybody needs
        raise RefusedError("Too many parameters", str(error)[:100]) from error
    if unknown := sorted(given.keys() - set(PARAMETERS)):
        known = ", ".join(PARAMETERS)
        raise RefusedError("Unknown parameter", f"{unknown[0][:40]!r}: there are {known}.")
    return given


def _parse_every(text: str) -> float:
    """Seconds."""
    if text in {"", "0"}:
        return 0.0
    try:
        us = microseconds(text)
    except ValueError as error:
        raise RefusedError("Bad every", f"every: {error}") from error
    if not 100_000 <= us <= SLOWEST:
        raise RefusedError("Bad every", "every: 100ms to 1h, please; without it you get every reading.")
    return us / 1e6


def _parse_since(text: str) -> Since | None:
    if not text:
        return None
    epoch, _, entry_id = text.rpartition(":")
    try:
        return epoch or None, Id.parse(entry_id)
    except ValueError as error:
        raise RefusedError("Bad since", f"since: {error}") from error
