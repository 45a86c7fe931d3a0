"""What an alerts process is told."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.config import ApiConfigError
from schemas.market import Market

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AlertsConfigError(ApiConfigError):
    """A setting of an alerts process that cannot work."""


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks such as `10.0.0.0/8`, or single addresses.

    Raises:
        AlertsConfigError: one of them is neither.
    """
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text.strip(), strict=False))
        except ValueError as error:
            remedy = "write networks, such as 10.0.0.0/8,127.0.0.1/32"
            raise AlertsConfigError("alerts_allow", f"has {text!r}", remedy) from error
    return tuple(found)


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """Settings of one alerts process. Times are seconds.

    Attributes:
        redis_url: where the streams are.
        postgres_url: where rules, alerts and the outbox are.
        keys: keys of the receivers' secrets, the one that encrypts first; none means that there are no secrets.
        markets: market files whose rules are taken over.
        allow: private networks that receivers may lie in.
        page_url: address of the page, for links in messages.
        heartbeat_url: called every `heartbeat_s` while evaluation works (dead man's switch).
        heartbeat_s: how often.
        old_s: age at which an alert is stored and not sent.
        tock_s: how often silence is looked for.
        look_s: how often new markets, rules and reminders are looked for.
        at_once: deliveries under way at most.
        lease_s: after which a claimed delivery of a process that hangs is taken over.
        timeout_s: how long an answer may take.
        cooling_s: how long a receiver rests after `breaks_after` failures in a row.
        breaks_after: failures in a row that open a receiver's circuit.
        retry_s: pauses between attempts; the last attempt follows the last pause.
        ca_file: certificates that are trusted instead of the system's.
        evaluates: whether this process evaluates rules, or only delivers.
        metrics_host: address of the Prometheus page.
        metrics_port: its port; 0 takes a free one, None makes no page.
    """

    redis_url: str
    postgres_url: str
    keys: tuple[str, ...] = ()
    markets: tuple[Market, ...] = ()
    allow: tuple[Network, ...] = ()
    page_url: str = ""
    heartbeat_url: str = ""
    heartbeat_s: float = 60.0
    old_s: float = 900.0
    tock_s: float = 1.0
    look_s: float = 1.0
    at_once: int = 64
    lease_s: float = 60.0
    timeout_s: float = 15.0
    cooling_s: float = 60.0
    breaks_after: int = 5
    retry_s: tuple[float, ...] = (5, 15, 60, 300, 1_800, 7_200, 18_000, 36_000)
    ca_file: Path | None = None
    evaluates: bool = True
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = 0
