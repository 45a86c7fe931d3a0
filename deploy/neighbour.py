"""Joins an `esi up` that runs: its servers' addresses, for verbs that are called beside it."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from deploy.broker import Address
from deploy.settings import Settings
from deploy.state import Up, held


def joined(settings: Settings) -> Settings:
    """The settings with the addresses of the `esi up` in their data folder where none are given."""
    up = Up.read(settings.data_dir) if held(settings.data_dir) else None
    if up is None:
        return settings
    told: dict[str, Any] = {}
    if not settings.kafka_url:
        address = Address.read(settings.data_dir / "broker.json")
        told |= {"kafka_url": up.kafka_url, "broker_incarnation": address.incarnation if address else ""}
    if not settings.redis_url:
        told |= {"redis_url": SecretStr(up.redis_url or "")}
    if not settings.postgres_url:
        told |= {"postgres_url": SecretStr(up.postgres_url or "")}
    return settings.with_(**told)
