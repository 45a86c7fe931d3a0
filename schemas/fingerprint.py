"""What tells one market file from another, in eight letters."""

from __future__ import annotations

import hashlib
import json

from schemas.market import Market


def fingerprint(market: Market) -> str:
    """First 8 hex digits of the SHA-256 of a market's definition; another file gives another one.

    Fields left at their defaults are not part of it, so that a field of a later release changes nothing; nor are alert
    rules, which no reading depends on.
    """
    said = market.model_dump(mode="json", exclude_defaults=True, exclude={"alert"})
    definition = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(definition.encode()).hexdigest()[:8]
