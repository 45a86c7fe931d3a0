"""`/v1/audit`: who did what, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.alerting.rest.door import json_answer
from api.identity import audit_log
from api.identity.database import visit
from api.identity.gate import needs
from api.identity.rest.answers import AuditEntry, AuditLog, AuditVerdict
from api.identity.rest.session import authority_of
from api.openapi import responses

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get(
    "", summary="The audit log", responses=responses("AuditLog", 401, 422, 503), openapi_extra=needs("audit:read")
)
async def list_entries(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**62, description="`next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """Deeds, the oldest first."""
    async with visit(authority_of(request).pool) as connection:
        found = await audit_log.entries(connection, after, limit + 1)
    page = found[:limit]
    following = page[-1].number if len(found) > limit else None
    return json_answer(AuditLog([AuditEntry(**entry.said()) for entry in page], following))


@router.get(
    "/verdict", summary="Whether the log holds", responses=responses("AuditVerdict", 401, 503),
    openapi_extra=needs("audit:read"),
)  # fmt: skip
async def verify_log(request: Request) -> Response:
    """Computes every hash again, and names the first entry that does not hold."""
    async with visit(authority_of(request).pool) as connection:
        found = await audit_log.verify(connection)
    return json_answer(AuditVerdict(found.broken_at is None, found.entries, found.broken_at, found.last.hex()))
