"""What is published is never restated: a market whose file or method changed is another market."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import msgspec

from dataflows.config import FlowConfig, FlowError
from dataflows.sink import connect, patiently
from models.publication import version_of
from models.signals.step import StateVersionError
from schemas.market import Market
from schemas.names import EDITION_MARK, edition_of, latest_key


class _Versioned(msgspec.Struct):
    version: str


def refuse_restating(config: FlowConfig, markets: Mapping[str, Market]) -> None:
    """Goes on only if what stands in each market's stream was made by the same version; waits while Redis is away.

    Raises:
        FlowError: a market was published by another version; the message says where the changed file belongs.
    """
    with connect(config.redis_url) as client:
        for name, market in markets.items():
            raw = patiently(name, functools.partial(client.hget, latest_key(name), "reading"))
            published = None if raw is None else _version(raw)
            if published is not None and published != version_of(market):
                raise FlowError(_refusal(name, published, version_of(market)))


def _version(raw: bytes) -> str | None:
    try:
        return msgspec.json.decode(raw, type=_Versioned).version
    except msgspec.DecodeError:
        return None  # the sink compares bytes, and will say so


def _refusal(name: str, published: str, ours: str) -> str:
    family, edition = edition_of(name)
    following = f"{family}{EDITION_MARK}{edition + 1}"
    return (
        f"{name} was published as version {published}, and its file and this release make {ours}: what is published is "
        f"never restated. Bring the old file back, and put the changed one beside it as {following}.toml with the name "
        f'"{following}": both are then published. Or forget what was published: empty its streams and its archive'
    )


def explained(error: StateVersionError, config: FlowConfig) -> FlowError:
    """A saved state that a step refuses, with what to do about it."""
    msg = (
        f"the state in {config.state_dir} is of another market file or release ({error}). Put a changed file beside "
        f"the old one as another edition (NAME{EDITION_MARK}2.toml), or let the feed begin anew without that folder"
    )
    return FlowError(msg)
