"""Settings of how much one user, key or address may ask of the API."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class LimitSettings(BaseSettings):
    """Bounds that keep one from taking what all need."""

    api_quota: int = Field(
        default=1_200,
        ge=0,
        le=10_000_000,
        description="Requests a minute of one user or key, or of one address without; 0 counts nothing.",
    )
    api_sockets: int = Field(
        default=100_000,
        ge=1,
        le=1_000_000,
        description="Sockets of the feed at once in one process of the API, as far as the limit of open files allows.",
    )
    api_sockets_of_one: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000,
        description="Sockets of one user or key at once in one process; this machine's own session has no such bound.",
    )
