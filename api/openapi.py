"""What the OpenAPI document says: schemas from the answers' own types, with examples."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import answers
from api.alerting.rest import answers as alert_answers
from api.examples import EXAMPLES
from api.identity.rest import answers as identity_answers
from api.identity.scopes import PUBLIC, SCOPES
from api.problems import MEDIA_TYPE
from api.score_columns import Scores
from api.splits import Attribution
from schemas.chain import Audit

_REF = "#/components/schemas/{name}"
_ANSWERS = (
    answers.Markets,
    answers.Latest,
    answers.Readings,
    answers.Contributions,
    answers.Correlations,
    Attribution,
    Audit,
    answers.Forecasts,
    answers.Condition,
    answers.Models,
    answers.MarketModels,
    Scores,
    answers.Ready,
    answers.ProblemDetails,
    *alert_answers.ANSWERS,
    *identity_answers.ANSWERS,
)


def said(name: str, media_type: str = "application/json") -> dict[str, Any]:
    """An answer of one of the types above."""
    return {media_type: {"schema": {"$ref": _REF.format(name=name)}}}


def responses(name: str, *problems: int, **others: Any) -> dict[int | str, dict[str, Any]]:
    """What an operation may answer: 200 with `name`, and problems by status."""
    found: dict[int | str, dict[str, Any]] = {
        200: {"description": "Done", "content": said(name) | others.get("content", {})}
    }
    titles = {400: "The Host is not allowed", 404: "Nothing there"}
    titles |= {401: "Nobody is logged in, or not so", 403: "The Origin, or who asks, is not allowed"}
    titles |= {
        429: "Too many tries",
        409: "The name is taken, or the finals do not follow each other",
        413: "The body is too large",
    }
    titles |= {422: "A parameter cannot be used", 503: "A server is away"}
    if 304 in problems:
        found[304] = {"description": "The client has it already"}
    for status in (400, 401, 403, *(status for status in problems if status != 304)):
        found[status] = {"description": titles[status], "content": said("ProblemDetails", MEDIA_TYPE)}
    return found


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an app."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, schemas = msgspec.json.schema_components(_ANSWERS, ref_template=_REF)
        components = found.setdefault("components", {}).setdefault("schemas", {})
        for fastapis_own in ("HTTPValidationError", "ValidationError"):
            components.pop(fastapis_own, None)
        components.update(schemas)
        found["components"]["securitySchemes"] = _SCHEMES
        _say_who_may(found)
        _add_examples(found)
        app.openapi_schema = found
    return app.openapi_schema


_SCHEMES: dict[str, Any] = {
    "session": {
        "type": "apiKey", "in": "cookie", "name": "esi_session",
        "description": "A logged-in page (`__Host-esi_session` under TLS); changes also carry `x-csrf-token`.",
    },
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the flow below."},
    "token": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "/v1/token", "scopes": SCOPES}},
        "description": "Short ES256 tokens for services; their keys are at /.well-known/jwks.json.",
    },
}  # fmt: skip


def _say_who_may(found: dict[str, Any]) -> None:
    """Each operation's scope as OpenAPI says it."""
    for operation in (operation for path in found["paths"].values() for operation in path.values()):
        scope = operation.get("x-scope")
        operation["security"] = [] if scope == PUBLIC else [{"session": [scope]}, {"key": [scope]}, {"token": [scope]}]


def _add_examples(found: dict[str, Any]) -> None:
    """Adds them last: FastAPI would leave out what is null in them."""
    operations = [operation for path in found["paths"].values() for operation in path.values()]
    for operation in operations:
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]  # FastAPI's own form, which this app never answers in
    answered = [answer for operation in operations for answer in operation["responses"].values()]
    for content in [content for answer in answered for content in answer.get("content", {}).values()]:
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if name in EXAMPLES:
            content["example"] = EXAMPLES[name]
