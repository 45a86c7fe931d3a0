"""Bounds of one user or key reach the API, and what cannot be is named."""

from __future__ import annotations

import pytest

from deploy.api_config import api_config
from deploy.settings import Settings, SettingsError, load


def test_they_reach_the_api() -> None:
    said = Settings(api_quota=60, api_sockets=500, api_sockets_of_one=3)
    found = api_config(said, "redis://127.0.0.1:1/0", (), shared=False)
    assert (found.quota, found.max_clients, found.max_per_identity) == (60, 500, 3)


def test_by_default_they_are_those_of_the_api() -> None:
    plain = api_config(Settings(), "redis://127.0.0.1:1/0", (), shared=False)
    fields = type(plain).__dataclass_fields__
    for name in ("quota", "max_clients", "max_per_identity"):
        assert getattr(plain, name) == fields[name].default, name


@pytest.mark.parametrize(("name", "value"), [("api_quota", -1), ("api_sockets", 0), ("api_sockets_of_one", 0)])
def test_what_cannot_be_is_named(name: str, value: int) -> None:
    with pytest.raises(SettingsError, match=f"--{name.replace('_', '-')}"):
        load({name: value})
