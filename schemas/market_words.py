"""Words that market files are written with: names, and text for people."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:^=/-]{0,63}$")]
"""A name without spaces, control characters or `~` (which marks runs)."""

Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9._])*$", max_length=64)]
"""A name that is also part of Kafka topics, Redis keys and addresses; `--` spells a run's mark in topics."""

MarketName = Annotated[str, Field(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9._])*(@([2-9]|[1-9][0-9]{1,2}))?$", max_length=64)]
"""A slug, with its edition behind `@` from the second on: `us`, `us@2`."""

Text = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
"""Words for people; databases and terminals choke on control characters."""


class Strict(BaseModel):
    """A table of a market file: frozen, without unknown fields or infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
