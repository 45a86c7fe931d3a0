"""Settings that cannot work are refused with the field's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.config import ApiConfig

REDIS = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"port": -1}, "port is -1"),
        ({"port": 65_536}, "port is 65536"),
        ({"host": "0.0.0.0"}, "allowed_hosts"),
        ({"host": "0.0.0.0", "allowed_hosts": ("a",)}, "esi users add"),
        ({"tls_key": Path("key.pem")}, "tls_certificate"),
        ({"max_per_identity": 0}, "max_per_identity"),
        ({"host": "esi.example"}, "allowed_hosts"),
        ({"ping": 0.0}, "ping is 0.0"),
        ({"max_clients": 0}, "max_clients is 0"),
        ({"resume_limit": -5}, "resume_limit is -5"),
        ({"allowed_origins": ("desk.example",)}, "scheme and host"),
        ({"allowed_origins": ("https://desk.example/",)}, "scheme and host"),
        ({"allowed_origins": ("*",)}, "scheme and host"),
    ],
)
def test_a_wrong_value_names_itself(wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word.replace(".", r"\.")):
        ApiConfig(REDIS, **wrong)


def test_hosts_by_which_it_may_be_called() -> None:
    assert ApiConfig(REDIS).hosts == {"127.0.0.1", "localhost", "[::1]"}
    assert "esi.example" in ApiConfig(REDIS, "dbname=esi", host="0.0.0.0", allowed_hosts=("ESI.example",)).hosts


def test_loopback_is_the_default() -> None:
    assert ApiConfig(REDIS).is_loopback
    assert all(ApiConfig(REDIS, host=host).is_loopback for host in ("localhost", "::1", "[::1]", "127.0.0.2"))
