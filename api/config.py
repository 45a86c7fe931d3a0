"""What the api process must be told."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from api.identity.oidc import ProviderConfig

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")

_ABOVE_ZERO = (
    "ping",
    "probe",
    "idle",
    "ask_within",
    "recheck",
    "max_clients",
    "max_per_identity",
    "ring_frames",
    "ring_bytes",
    "conflate_after",
    "outbox_bytes",
    "resume_limit",
)


class ApiConfigError(ValueError):
    """Settings that cannot work; the message names the field and says what it may be."""


@dataclass(frozen=True)
class ApiConfig:
    """Settings of one api process. Times are seconds.

    Attributes:
        redis_url: where the flows publish, such as `unix:///run/valkey.sock?db=0` or `redis://:secret@host:6379/0`.
        postgres_url: where the archiver writes, as psycopg takes it; None serves only what Redis still holds.
        host: address to listen on; anything but loopback also needs `allowed_hosts`.
        port: port to listen on, 0 for a free one.
        allowed_hosts: names under which this server may be addressed (the Host header, any port), beside loopback.
        allowed_origins: web origins, such as `https://desk.example`, whose pages may read, beside the own page.
        ping: silence after which a socket is sent a ping message.
        probe: pace of the protocol's own pings, which find peers that are gone or hang.
        idle: how long a peer may leave a protocol ping unanswered, or take nothing while something waits for it.
        ask_within: how long a connection may take for the head of its request, and again for its body.
        recheck: pace at which sockets that are open are asked again whether their login, key or token still holds.
        max_clients: sockets at once, as far as the limit of open files allows; more are refused with 503.
        provider: of logins by OpenID Connect, None for none.
        quota: requests a minute of one user or key, or of one address without; 0 counts nothing.
        max_per_identity: sockets at once of one user or key; this machine's own session has no such bound.
        ring_frames: newest entries per channel kept in memory, encoded once, for `since`.
        ring_bytes: the same bound in bytes.
        conflate_after: frames that may wait for a slow client before provisional readings are conflated.
        outbox_bytes: bytes of finals (and bars, and details) that may wait for it before it is closed with 1013.
        resume_limit: entries behind which `since` is answered by `reset`.
        shared: whether other processes of ours listen on the same port.
        private_port: port on 127.0.0.1 on which this process alone answers, if the other is shared; 0 for a free one.
        alert_keys: keys of the receivers' secrets, the one that encrypts first.
        alert_allow: private networks that receivers of alerts may lie in.
        registry: folder of trained models, to be told of; None: of none.
        local_session: whether somebody at this machine may look without a login, if only this machine is served.
        tls_certificate: file of the certificate chain (PEM) that is shown; None speaks plain HTTP.
        tls_key: file of its private key.
        behind_tls: whether a proxy in front speaks TLS.
        trusted_proxies: addresses or networks of proxies whose `X-Forwarded-For` is believed.
        public_metrics: whether `/metrics` is answered to strangers, where only a Prometheus reaches the port.
        serve_metrics: whether `/metrics` is served.
        static: folder of the built page.
    """

    redis_url: str
    postgres_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8137
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    ping: float = 20.0
    probe: float = 60.0
    idle: float = 20.0
    ask_within: float = 10.0
    recheck: float = 3.0
    max_clients: int = 100_000
    provider: ProviderConfig | None = None
    quota: int = 1_200
    max_per_identity: int = 1_000
    ring_frames: int = 1_000
    ring_bytes: int = 4_194_304
    conflate_after: int = 16
    outbox_bytes: int = 1_048_576
    resume_limit: int = 10_000
    shared: bool = False
    private_port: int = 0
    alert_keys: tuple[str, ...] = field(default=(), repr=False)
    alert_allow: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    registry: Path | None = None
    local_session: bool = True
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    behind_tls: bool = False
    trusted_proxies: tuple[str, ...] = ()
    public_metrics: bool = False
    serve_metrics: bool = True
    static: Path = Path(__file__).parent / "static"

    def __post_init__(self) -> None:
        """Refuses what cannot work.

        Raises:
            ApiConfigError: names the field and what it may be.
        """
        for fault in self._faults():
            raise ApiConfigError(fault)

    def _faults(self) -> list[str]:
        faults = []
        if not 0 <= self.port <= 65_535:
            faults.append(f"port is {self.port}; it must be 0 to 65535")
        if not self.is_loopback and not self.allowed_hosts:
            faults.append(f"host is {self.host}, which others can reach: name in allowed_hosts how they may address it")
        if not self.is_loopback and self.postgres_url is None:
            faults.append(
                f"host is {self.host}, which others can reach, and without users everybody would be let in: set "
                "postgres_url, where users are kept, and add one by `esi users add`; or listen on 127.0.0.1"
            )
        if (self.tls_certificate is None) is not (self.tls_key is None):
            faults.append("tls_certificate and tls_key belong together: give both, or none")
        faults += [
            f"{name} is {getattr(self, name)}; it must be above 0" for name in _ABOVE_ZERO if getattr(self, name) <= 0
        ]
        faults += [
            f"allowed_origins has {origin!r}; write scheme and host, such as https://desk.example"
            for origin in self.allowed_origins
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2
        ]
        return faults

    @cached_property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def has_tls(self) -> bool:
        """Whether browsers come by TLS, here or at a proxy in front."""
        return self.tls_certificate is not None or self.behind_tls

    @cached_property
    def has_local_session(self) -> bool:
        """Whether somebody at this machine may look without a login; never where a proxy stands in front."""
        return self.local_session and self.is_loopback and not self.has_tls and not self.trusted_proxies

    @property
    def hosts(self) -> frozenset[str]:
        """Every name that the Host header may carry, in lower case and without a port."""
        return frozenset(host.lower() for host in (*LOOPBACK_HOSTS, *self.allowed_hosts))
