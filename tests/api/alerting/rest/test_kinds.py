"""What forms are made of: kinds and what they take, as the program has them."""

from __future__ import annotations

from dataclasses import replace

from api.alerting.receivers import KINDS
from api.alerting.rest.kinds import kinds
from api.config import ApiConfig
from schemas.alert_rule import TAKES
from tests.api.alerting.rest.conftest import Desk
from tests.api.conftest import serving


def test_every_kind_is_there_with_what_it_takes() -> None:
    found = kinds(kept=True)
    assert {kind: (tuple(one.needs), tuple(one.may)) for kind, one in found.rules.items()} == TAKES
    assert set(found.receivers) == set(KINDS)
    mail = {one.name: one for one in found.receivers["mail"]}
    assert mail["password"].secret
    assert mail["password"].default is None
    assert (mail["to"].many, mail["to"].required) == (True, True)
    assert mail["tls"].choices == ["starttls", "tls", "none"]
    assert (mail["port"].form, mail["port"].default) == ("number", 587)
    assert mail["severity"].common
    assert not mail["host"].common


def test_secrets_are_marked_for_every_kind() -> None:
    for kind, model in KINDS.items():
        marked = {one.name for one in kinds(kept=True).receivers[kind] if one.secret}
        assert marked == model.SECRET, kind


def test_it_is_answered(desk: Desk) -> None:
    answer = desk.ask("GET", "/kinds")
    assert answer["kept"]
    assert answer["rules"]["regime"] == {"needs": ["input"], "may": []}
    assert answer["receivers"]["webhook"][0]["name"] == "url"


def test_an_api_without_postgresql_keeps_none(config: ApiConfig) -> None:
    with serving(replace(config, postgres_url=None)) as served:
        assert served.get("/v1/alerts/kinds").json()["kept"] is False
