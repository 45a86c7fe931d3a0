"""What people change about alerts, in the audit log: who, from where, what was before and what is now."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request

from api.alerting.registry import Stored
from api.alerting.rest.door import Connection
from api.alerting.rulebook import StoredRule
from api.identity import audit_log
from api.identity.audit_log import Event
from api.identity.gate import address_of, identity_of

WITHHELD: Final = frozenset({"to", "sender", "user", "account"})
"""Settings of receivers that may name a person: the log cannot forget, so it only says whether they changed."""

Said = dict[str, Any] | None


def author_of(request: Request, said: str) -> str:
    """Who does something, by name: people are who they logged in as; services say for whom they act."""
    identity = identity_of(request)
    return said if identity.role == "service" else identity.name


async def noted(
    request: Request, connection: Connection, action: str, target: str, *, before: Said = None, after: Said = None
) -> None:
    """Writes a deed down, in the transaction that does it: there is no deed without its entry, and none that failed."""
    event = Event(identity_of(request).id, action, target, address_of(request.scope), before, after)
    await audit_log.write(connection, event)


def of_rule(stored: StoredRule | None) -> Said:
    """A rule as the log keeps it; authors are people, and left out."""
    if stored is None:
        return None
    rule = stored.rule.model_dump(mode="json", exclude_defaults=True)
    return {"market": stored.market, "version": stored.version, "rule": rule}


def of_receiver(stored: Stored | None) -> Said:
    """A receiver as the log keeps it, without secrets and persons."""
    if stored is None:
        return None
    settings = {name: value for name, value in stored.settings.items() if name not in WITHHELD}
    withheld = sorted(WITHHELD & {name for name, value in stored.settings.items() if value})
    return {"kind": stored.kind, "enabled": stored.enabled, "settings": settings, "withheld": withheld}
