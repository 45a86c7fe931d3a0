"""Roles, the scopes that each has, and the identity of whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["viewer", "analyst", "operator", "admin"]

PUBLIC: Final = "public"
"""The scope of what everybody may ask; every such address also stands in `PUBLIC_PATHS`."""

SCOPES: Final = {
    "index:read": "readings, history, forecasts, the feed",
    "alerts:read": "alerts, rules and receivers without their secrets; trying a rule",
    "metrics:read": "the Prometheus page",
    "alerts:act": "acknowledging and silencing",
    "alerts:write": "changing rules and receivers",
    "users:admin": "users, keys",
    "audit:read": "the audit log",
}
_ADDED: Final[dict[Role, tuple[str, ...]]] = {
    "viewer": ("index:read",),
    "analyst": ("alerts:read", "metrics:read"),
    "operator": ("alerts:act", "alerts:write"),
    "admin": ("users:admin", "audit:read"),
}
ROLES: Final = tuple(_ADDED)

PUBLIC_PATHS: Final = frozenset(
    {
        "/healthz",
        "/readyz",
        "/.well-known/jwks.json",
        "/v1/session",
        "/v1/session/link",
        "/v1/session/oidc",
        "/v1/session/oidc/callback",
        "/v1/token",
    }
)
"""What is answered without knowing who asks; the page's own files are the only other thing."""


def scopes_of(role: Role) -> frozenset[str]:
    """What a role may do: its own, and what the roles before it may."""
    upto = ROLES[: ROLES.index(role) + 1]
    return frozenset(scope for one in upto for scope in _ADDED[one])


LOCAL_SCOPES: Final = frozenset({"index:read", "alerts:read", "metrics:read"})
"""What whoever sits at this machine may do without logging in: to look."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks.

    Attributes:
        id: of the user (`user:UUID`), the key (`key:PREFIX`), or `local`.
        name: for people.
        role: of a user; the highest role whose scopes a key covers is not looked for: keys have scopes only.
        scopes: what they may do.
        expires: seconds since 1970 at which this ends; None for the local session and keys without an end.
        csrf: what a page must send with changes; empty where no cookie is involved.
        local: whether this is the session of this machine, without a login.
    """

    id: str
    name: str
    role: Role | Literal["service"]
    scopes: frozenset[str]
    expires: float | None = None
    csrf: str = ""
    local: bool = False

    def ended(self, now: float) -> bool:
        """Whether it is over."""
        return self.expires is not None and now >= self.expires


LOCAL: Final = Identity("local", "local", "viewer", LOCAL_SCOPES, local=True)
"""The session of this machine."""
