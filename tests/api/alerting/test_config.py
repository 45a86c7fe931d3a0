"""Settings of the alerts process."""

from __future__ import annotations

import pytest

from api.alerting.config import AlertsConfigError, networks


def test_networks_and_single_addresses() -> None:
    assert [str(one) for one in networks(["10.1.2.3/8", "127.0.0.1", "fd00::/8"])] == [
        "10.0.0.0/8",
        "127.0.0.1/32",
        "fd00::/8",
    ]


@pytest.mark.parametrize("text", ["localhost", "10.0.0.0/99", ""])
def test_what_is_no_network_is_told(text: str) -> None:
    with pytest.raises(AlertsConfigError, match=r"write networks, such as 10\.0\.0\.0/8"):
        networks([text])
