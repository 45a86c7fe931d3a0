"""The answers about identities, and an example of each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from api.identity.keys import ApiKey
from api.identity.scopes import Identity
from api.identity.users import User


class SessionAnswer(msgspec.Struct):
    """Who is logged in; `local` marks this machine's session without a login, `csrf` goes with every change."""

    name: str
    role: str
    scopes: list[str]
    csrf: str
    local: bool
    expires: str | None


class UserAnswer(msgspec.Struct):
    """A user; `link` is a one-time token for a password, told once."""

    id: str
    name: str
    role: str
    disabled: bool
    has_password: bool
    provider: str | None
    created_at: str
    last_login_at: str | None
    link: str | None = None


class Users(msgspec.Struct):
    """Users by name."""

    users: list[UserAnswer]


class KeyAnswer(msgspec.Struct):
    """An API key; `key` is its text, told once, when it is made."""

    id: str
    prefix: str
    name: str
    scopes: list[str]
    created_at: str
    expires_at: str | None
    key: str | None = None


class Keys(msgspec.Struct):
    """API keys, the newest first."""

    keys: list[KeyAnswer]


class TokenAnswer(msgspec.Struct):
    """An access token (RFC 6749, section 5.1); `expires_in` in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class Jwks(msgspec.Struct):
    """Public keys that verify tokens (RFC 7517)."""

    keys: list[dict[str, Any]]


class AuditEntry(msgspec.Struct):
    """One deed; its hash covers it and the hash before."""

    number: int
    at: str
    who: str
    action: str
    target: str
    address: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    previous: str
    hash: str


class AuditLog(msgspec.Struct):
    """Deeds, the oldest first; `next` is the `after` of the next page."""

    entries: list[AuditEntry]
    next: int | None


class AuditVerdict(msgspec.Struct):
    """Whether the chain of hashes holds, and the last one, to be noted elsewhere."""

    holds: bool
    entries: int
    broken_at: int | None
    last: str


ANSWERS: Final = (
    SessionAnswer, UserAnswer, Users, KeyAnswer, Keys, TokenAnswer, Jwks, AuditEntry, AuditLog, AuditVerdict,
)  # fmt: skip

_USER = {
    "id": "7b0d2f0e-4a5e-4f3b-9c1d-0f3f5f2a9c11", "name": "ann", "role": "operator", "disabled": False,
    "has_password": True, "provider": None, "created_at": "2026-11-20T14:31:00Z",
    "last_login_at": "2026-11-20T14:35:00Z", "link": None,
}  # fmt: skip
_KEY = {
    "id": "7b0d2f0e-4a5e-4f3b-9c1d-0f3f5f2a9c12", "prefix": "0f3f5f2a9c11", "name": "the desk's dashboard",
    "scopes": ["index:read"], "created_at": "2026-11-20T14:31:00Z", "expires_at": "2027-11-20T14:31:00Z", "key": None,
}  # fmt: skip
_ENTRY = {
    "number": 1, "at": "2026-11-20T14:31:00Z", "who": "user:7b0d2f0e-4a5e-4f3b-9c1d-0f3f5f2a9c11",
    "action": "users.role", "target": "user:7b0d2f0e-4a5e-4f3b-9c1d-0f3f5f2a9c12", "address": "192.0.2.7",
    "before": {"role": "viewer"}, "after": {"role": "analyst"}, "previous": "00" * 32, "hash": "1f" * 32,
}  # fmt: skip
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "SessionAnswer": {
        "name": "ann", "role": "viewer", "scopes": ["index:read"], "csrf": "Yx3J…", "local": False,
        "expires": "2026-11-27T14:31:00Z",
    },
    "UserAnswer": _USER,
    "Users": {"users": [_USER]},
    "KeyAnswer": _KEY,
    "Keys": {"keys": [_KEY]},
    "TokenAnswer": {
        "access_token": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "token_type": "Bearer", "expires_in": 600,
        "scope": "index:read",
    },
    "Jwks": {"keys": [{"kty": "EC", "crv": "P-256", "kid": "0f3f5f2a9c117b0d", "use": "sig", "alg": "ES256"}]},
    "AuditEntry": _ENTRY,
    "AuditLog": {"entries": [_ENTRY], "next": None},
    "AuditVerdict": {"holds": True, "entries": 1, "broken_at": None, "last": "1f" * 32},
}  # fmt: skip


def spelled(moment: datetime | float | None) -> str | None:
    """A time as RFC 3339 in UTC."""
    if moment is None:
        return None
    found = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else moment.astimezone(UTC)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def session_answer(identity: Identity) -> SessionAnswer:
    """A session as it is answered."""
    return SessionAnswer(
        identity.name, identity.role, sorted(identity.scopes), identity.csrf, identity.local, spelled(identity.expires)
    )


def user_answer(user: User, link: str | None = None) -> UserAnswer:
    """A user as answered."""
    return UserAnswer(
        str(user.id), user.name, user.role, user.disabled_at is not None, user.password_hash is not None, user.issuer,
        spelled(user.created_at) or "", spelled(user.last_login_at), link,
    )  # fmt: skip


def key_answer(key: ApiKey, text: str | None = None) -> KeyAnswer:
    """A key as answered."""
    return KeyAnswer(
        str(key.id), key.prefix, key.name, key.scopes, spelled(key.created_at) or "", spelled(key.expires_at), text
    )
