"""Receivers over REST; secrets go in and never come out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.alerting.conftest import WHSEC, alerting, rows, until
from tests.api.alerting.endpoint import Certificates, Endpoint, answer
from tests.api.alerting.rest.conftest import Desk

MAIL = {"kind": "mail", "host": "smtp.example.org", "sender": "esi@example.org", "to": ["duty@example.org"]}


def webhook(url: str = "https://example.org/hook", **said: Any) -> dict[str, Any]:
    return {"settings": {"kind": "webhook", "url": url, "keys": [WHSEC]} | said}


def test_a_receiver_is_written_and_its_secret_never_shown(desk: Desk) -> None:
    made = desk.ask("PUT", "/receivers/desk", json=webhook())
    assert made["settings"]["url"] == "https://example.org/hook"
    assert desk.ask("GET", "/receivers") == {"receivers": [made]}
    assert "whsec" not in str(made)
    kept = desk.ask(
        "PUT", "/receivers/desk", json={"settings": {"kind": "webhook", "url": "https://example.org/other"}}
    )
    assert kept["settings"]["url"] == "https://example.org/other"
    ((sealed,),) = rows(desk.url, "SELECT secrets FROM alert_receivers")
    assert len(sealed) > 50, "a secret that is left out stays"
    assert desk.ask("DELETE", "/receivers/desk")["count"] == 1
    desk.ask("DELETE", "/receivers/desk", 404)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (webhook("https://"), "names no host"),
        (webhook("https://user:hunter2@example.org/"), "holds credentials"),
        (webhook("https://10.0.0.1/"), "no public address"),
        (webhook("https://169.254.169.254/latest/meta-data"), "no public address"),
        (webhook("https://[::ffff:10.0.0.1]/"), "no public address"),
        (webhook("https://2130706433/"), "odd spelling"),
        ({"settings": MAIL | {"host": "10.0.0.1"}}, "no public address"),
        ({"settings": MAIL | {"host": "fd00::1"}}, "no public address"),
        ({"settings": MAIL | {"host": "2130706433"}}, "odd spelling"),
        ({"settings": MAIL | {"host": "93.184.216.34", "tls": "none"}}, "without TLS"),
        (webhook("ftp://example.org/"), "must begin with https://"),
        (webhook(keys=["hunter2"]), "a key begins with whsec_"),
        (webhook(text="{% for a in alerts %}{% for b in alerts %}{% endfor %}{% endfor %}"), "a loop inside a loop"),
        (webhook(colour="red"), "Extra inputs"),
        ({"settings": {"kind": "pigeon"}}, "there are webhook, slack"),
        ({"settings": {"kind": "slack"}}, "url: Field required"),
        ({"settings": "x"}, "valid dictionary"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_secret(desk: Desk, said: dict[str, Any], fault: str) -> None:
    problem = desk.ask("PUT", "/receivers/desk", 422, json=said)
    assert fault in problem["detail"]
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("name", ["no name", "a" * 65, "a;b", "..%2Fx"])
def test_names_are_plain(desk: Desk, name: str) -> None:
    answered = desk.ask("PUT", f"/receivers/{name}", 404 if "%2F" in name else 422, json=webhook())
    assert answered["status"] in {404, 422}


@pytest.mark.parametrize(
    ("settings", "secret", "elsewhere"),
    [
        (MAIL, "password", {"host": "smtp.evil.example"}),
        (MAIL, "password", {"port": 2525}),
        (MAIL, "password", {"tls": "none"}),
        ({"kind": "alertmanager", "url": "https://am.example.org"}, "token", {"url": "https://am.evil.example"}),
        ({"kind": "pagerduty"}, "routing_key", {"url": "https://evil.example/enqueue"}),
        (
            {"kind": "sms", "account": f"AC{'0' * 32}", "to": "+15555550100", "sender": "+15555550199"},
            "token", {"url": "https://evil.example"},
        ),
    ],
)  # fmt: skip
def test_a_secret_that_is_kept_goes_nowhere_else(
    desk: Desk, settings: dict[str, Any], secret: str, elsewhere: dict[str, Any]
) -> None:
    """Else whoever may write receivers could have each secret sent to a server of their own."""
    desk.ask("PUT", "/receivers/desk", json={"settings": settings | {secret: "k" * 32}})
    desk.ask("PUT", "/receivers/desk", json={"settings": settings | {"severity": "error"}})
    said = desk.ask("PUT", "/receivers/desk", 422, json={"settings": settings | elsewhere})
    assert f"changed: give {secret} again" in said["detail"]
    desk.ask("PUT", "/receivers/desk", json={"settings": settings | elsewhere | {secret: "n" * 32}})
    assert desk.ask("GET", "/receivers")["receivers"][0]["settings"].items() >= elsewhere.items()


async def test_a_test_goes_the_way_of_every_message(desk: Desk, endpoint: Endpoint, certificates: Certificates) -> None:
    desk.ask("PUT", "/receivers/desk", json=webhook(f"{endpoint.url}/hook"))
    sent = desk.ask("POST", "/receivers/desk/test")
    desk.ask("POST", "/receivers/nobody/test", 404)
    desk.ask("GET", "/receivers/nobody/deliveries", 404)
    async with alerting(desk.served.config.redis_url, desk.url, ca_file=certificates.authority, evaluates=False):
        await until(lambda: desk.ask("GET", "/receivers/desk/deliveries")["deliveries"])
        (log,) = desk.ask("GET", "/receivers/desk/deliveries")["deliveries"]
        assert (log["message"], log["outcome"], log["status"]) == (sent["id"], "sent", 200)
        assert b"Nothing happened" in endpoint.got[0].body
        endpoint.answerer = lambda _n, _got: answer(400, b"no")
        desk.ask("POST", "/receivers/desk/test")
        await until(lambda: rows(desk.url, "SELECT 1 FROM alert_outbox WHERE state = 'dead'"))
        endpoint.answerer = lambda _n, _got: answer(200)
        assert desk.ask("POST", "/redeliver", json={"receiver": "desk"})["count"] == 1
        await until(lambda: rows(desk.url, "SELECT DISTINCT state FROM alert_outbox") == [("sent",)])
    assert desk.ask("POST", "/redeliver", json={"ids": ["nothing"]})["count"] == 0


def test_templates_are_tried_on_an_example(desk: Desk) -> None:
    said = desk.ask("POST", "/preview", json={"template": "{{ first.rule }}: {{ first.value|number(2) }}"})
    assert said == {"text": "Test of the receiver: 71.40"}
    assert "line 1" in desk.ask("POST", "/preview", 422, json={"template": "{{ x"})["detail"]
    assert "at most 8000" in desk.ask("POST", "/preview", 422, json={"template": "x" * 9_000})["detail"]
