"""`/v1/alerts/kinds`: kinds of rules and receivers, and what each of them takes, for whoever makes a form."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.alerting.receivers import KINDS
from api.alerting.receivers.base import ReceiverSettings
from api.alerting.rest import answers
from api.alerting.rest.door import READ, json_answer
from api.openapi import responses
from schemas.alert_rule import TAKES

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


@router.get("/kinds", summary="Kinds of rules and receivers", responses=responses("Kinds"), openapi_extra=READ)
async def list_kinds(request: Request) -> Response:
    """What a rule of each kind needs and may have, and the settings of each kind of receiver."""
    return json_answer(kinds(kept=request.app.state.alerts is not None))


@cache
def kinds(*, kept: bool) -> answers.Kinds:
    """The kinds; they are those of the program."""
    rules: dict[str, answers.RuleKind] = {
        kind: answers.RuleKind(list(needs), list(may)) for kind, (needs, may) in TAKES.items()
    }
    return answers.Kinds(kept, rules, {kind: _settings(model) for kind, model in KINDS.items()})


def _settings(model: type[ReceiverSettings]) -> list[answers.Setting]:
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    found = {name: said for name, said in schema["properties"].items() if name != "kind"}
    settings = [_setting(name, said, name in required, name in model.SECRET) for name, said in found.items()]
    own = [one for one in settings if one.name not in ReceiverSettings.model_fields]
    return own + [one for one in settings if one.name in ReceiverSettings.model_fields]


def _setting(name: str, said: dict[str, Any], required: bool, secret: bool) -> answers.Setting:
    many = said.get("type") == "array"
    choices = [str(one) for one in said.get("enum", ())]
    form = "choice" if choices else "number" if said.get("type") in {"number", "integer"} else "text"
    default = None if secret or required else said.get("default")
    common = name in ReceiverSettings.model_fields
    return answers.Setting(name, form, many, secret, required, common, default, choices)
