"""The alerts on the page, in a real browser, before a real API, archive and `esi alerts`: what a duty officer does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import psycopg
import pytest
import redis
from playwright.sync_api import Browser, Locator, Page, Route, expect

from api.config import ApiConfig
from schemas.reading import rfc3339
from tests import servers
from tests.api.alerting.conftest import KEY, LOOPBACK, WHSEC, AlertsProcess, add_receiver, add_rule
from tests.api.alerting.endpoint import Certificates, Endpoint, answer
from tests.api.alerting.live import now_us
from tests.api.archive.conftest import ArchiverProcess, archiver_process
from tests.api.identity.people import Person, make_user
from tests.api.page_market import DAY_US, PageMarket
from tests.api.test_page import CHECKOUT, Api, browser, looking, static
from tests.servers import wait_until

__all__ = ["archiver_process", "browser", "static"]

pytestmark = pytest.mark.timeout(300)
SESSIONS = 600


@dataclass
class Duty:
    """A market that gives readings now, with everything behind it."""

    api: Api
    market: PageMarket
    postgres: str
    endpoint: Endpoint

    @property
    def url(self) -> str:
        return f"{self.api.url}/?market={self.market.name}"

    @property
    def who(self) -> dict[str, Any]:
        """What makes the browser somebody who may change things."""
        name, _, value = Person(self.api.url, "ann").headers["cookie"].partition("=")
        cookie = {"name": name, "value": value, "url": self.api.url}
        return {"storage_state": {"cookies": [cookie], "origins": []}}

    def give(self, index: float) -> None:
        """Publishes a reading of now."""
        self.market.publish(self.market.next(now_us(), final=False, index=index))

    def ask(self, path: str) -> Any:
        return httpx.get(f"{self.api.url}/v1/alerts{path}").json()


@pytest.fixture
def duty(
    redis_server: servers.Redis,
    clean_redis: redis.Redis,
    tables: str,
    static: Path,
    endpoint: Endpoint,
    certificates: Certificates,
    alerts_process: Callable[..., AlertsProcess],
    archiver_process: Callable[..., ArchiverProcess],
) -> Iterator[Duty]:
    market = PageMarket(clean_redis, "us-open")
    begin = beginning()
    market.define(begin)
    market.past(begin, SESSIONS)
    config = ApiConfig(
        redis_server.url, tables, port=servers.free_port(), static=static, serve_metrics=False, alert_keys=(KEY,),
        alert_allow=LOOPBACK,
    )  # fmt: skip
    running = Api(config)
    archiver_process(redis_url=redis_server.url, postgres_url=tables).start()
    alerts_process(redis_url=redis_server.url, postgres_url=tables, ca_file=str(certificates.authority)).start()
    try:
        running.start()
        asking = Thread(target=make_user, args=(tables, "ann", "admin"))  # it has a loop of its own
        asking.start()
        asking.join()
        wait_until(lambda: count(tables, "readings") == SESSIONS, 30, "the archive")
        wait_until(lambda: count(tables, "alert_streams") == 1, 30, "esi alerts")
        yield Duty(running, market, tables, endpoint)
    finally:
        running.kill()


def beginning() -> str:
    """So long ago that the past ends a few days before today."""
    return rfc3339(now_us() // DAY_US * DAY_US - (SESSIONS * 7 // 5 + 4) * DAY_US + 21 * 3_600_000_000)


def count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def silent(errors: list[str]) -> list[str]:
    """Errors of the console but for the answers 404 and 422, which the page asks for and tells in its own words."""
    return [error for error in errors if not re.search(r"status of (404|422)", error)]


def standing(page: Page) -> Locator:
    return page.locator("#alerts-board > ul").first.locator(".alert")


def name_yourself(place: Locator) -> None:
    """Where a server does not know who asks, the forms want a name."""
    name = place.get_by_label("Your name")
    if name.count():
        place.get_by_role("button").last.click()
        expect(place.locator(".fault")).to_be_visible()
        name.fill("ann")


def test_an_alert_appears_is_acknowledged_and_ends(browser: Browser, duty: Duty) -> None:
    add_rule(
        duty.postgres,
        "us-open",
        name="High stress",
        when="index > 80",
        severity="critical",
        about="Call the desk, see `esi status`",
    )
    with looking(browser, duty.url, **duty.who) as (page, errors):
        expect(page.locator("#connection")).to_have_text("Live")
        page.keyboard.press("a")
        expect(page.locator("#alerts-board .lead")).to_have_text("No alert stands.")
        wait_until(lambda: "us-open" in str(duty.ask("/rules")))
        page.wait_for_timeout(600)  # the process takes up a new rule when it looks around
        duty.give(91.0)
        expect(standing(page)).to_have_count(1, timeout=2_500)
        expect(standing(page)).to_contain_text(
            re.compile("Critical.*High stress.*index > 80.*91.00.*Call the desk", re.S)
        )
        expect(standing(page).locator("code").last).to_have_text("esi status")
        expect(page.locator("#alerts-link .count")).to_have_text("1")
        page.get_by_role("button", name="Acknowledge").click()
        dialog = page.get_by_role("dialog")
        name_yourself(dialog)
        dialog.get_by_label("Note").fill("on it")
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        expect(standing(page)).to_contain_text("acknowledged by ann")
        duty.give(20.0)
        expect(standing(page)).to_have_count(0, timeout=2_500)
        expect(page.get_by_label("Alerts that ended").locator(".alert")).to_have_count(1)
        assert silent(errors) == []


def test_a_silence_keeps_the_next_alert_from_being_sent(browser: Browser, duty: Duty) -> None:
    add_receiver(duty.postgres, "desk", kind="webhook", url=duty.endpoint.url, keys=[WHSEC])
    add_rule(duty.postgres, "us-open", name="High stress", when="index > 80")
    page_url = f"{duty.url}#alerts/silences"
    with looking(browser, page_url, **duty.who) as (page, errors):
        page.get_by_role("button", name="New silence").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Silence").click()
        expect(dialog.locator(".fault")).to_contain_text("Say why")
        dialog.get_by_label("Reason").fill("maintenance")
        dialog.get_by_label("For").select_option("2h")
        name_yourself(dialog)
        dialog.get_by_text("What it covers").click()
        dialog.get_by_label("Market").fill("us-open")
        expect(dialog.locator("p[role=status]")).to_have_text("Covers us-open.")
        dialog.get_by_role("button", name="Silence").click()
        expect(page.locator("#silences .alert")).to_contain_text(re.compile("maintenance.*us-open.*left, until", re.S))
        duty.give(91.0)
        page.get_by_role("link", name="Alerts", exact=True).click()
        expect(standing(page)).to_contain_text("silenced", timeout=4_000)
        assert duty.endpoint.got == []
        page.get_by_role("link", name="Silences").click()
        page.get_by_role("button", name="End now").click()
        page.locator("button.sure, dialog button.primary").click()
        expect(page.locator("#silences .alert")).to_contain_text("ended by ann")
        wait_until(lambda: len(duty.endpoint.got) == 1, 10, "what still stands when a silence ends is sent")
        assert silent(errors) == []


def test_a_rule_is_checked_tried_and_saved(browser: Browser, duty: Duty) -> None:
    with looking(browser, f"{duty.url}#alerts/rules", **duty.who) as (page, errors):
        page.locator("#new-rule").click()
        editor = page.locator("#rule-editor")
        editor.get_by_label("Alert when").fill("index > 20 and indx > 3")
        verdict = page.locator("#verdict")
        expect(verdict).to_contain_text("indx is no field of this market; did you mean index?")
        expect(verdict.locator("mark")).to_have_text("indx")
        expect(editor.get_by_label("Alert when")).to_have_attribute("aria-invalid", "true")
        verdict.get_by_role("button", name="Go to it").click()
        page.keyboard.type("index")
        expect(verdict).to_contain_text("It fits us-open: index > 20 and index > 3")
        editor.get_by_label("Alert when").fill("index > 20")
        editor.get_by_label("Until").fill("index < 15")
        editor.get_by_role("button", name="Try over history").click()
        said = httpx.post(
            f"{duty.api.url}/v1/alerts/backtest",
            json={"market": "us-open", "rule": {"name": "r", "when": "index > 20", "until": "index < 15"}},
        ).json()
        assert said["fired"] > 0
        expect(editor.locator(".said")).to_contain_text(
            re.compile(rf"Would have fired ({said['fired']} times|once) since")
        )
        expect(editor.locator(".said")).to_contain_text(f"{SESSIONS} finals")
        expect(editor.locator(".dates time").last).to_have_attribute("datetime", said["episodes"][0]["began"])
        expect(editor.locator(".trial-chart canvas")).to_be_visible()
        editor.get_by_label("Name", exact=True).fill("Twenty")
        name_yourself(editor)
        editor.get_by_text("When and to whom").click()
        editor.get_by_label("Severity").select_option("critical")
        editor.get_by_role("button", name="Save").click()
        expect(page.locator('[data-rule="Twenty"]')).to_contain_text(
            re.compile("Critical.*Twenty.*version 1, by ann", re.S)
        )
        (stored,) = duty.ask("/rules?market=us-open")["rules"]
        assert (stored["when"], stored["until"], stored["rule"]["severity"]) == ("index > 20", "index < 15", "critical")
        page.locator('[data-rule="Twenty"]').get_by_role("button", name="Open").click()
        expect(editor.get_by_label("Alert when")).to_have_value("index > 20")
        editor.get_by_label("Alert when").fill("index > 90")
        editor.get_by_role("button", name="Save as next version").click()
        expect(page.locator('[data-rule="Twenty"]')).to_contain_text("version 2")
        page.locator('[data-rule="Twenty"]').get_by_role("button", name="Remove").click()
        page.locator('[data-rule="Twenty"]').get_by_role("button", name="Really remove it?").click()
        expect(page.locator('[data-rule="Twenty"]')).to_have_count(0)
        assert silent(errors) == []


def test_a_rule_of_a_ready_made_kind_asks_for_what_it_needs(browser: Browser, duty: Duty) -> None:
    with looking(browser, f"{duty.url}#alerts/rules", **duty.who) as (page, errors):
        page.locator("#new-rule").click()
        editor = page.locator("#rule-editor")
        editor.get_by_label("Kind").select_option("rate")
        expect(editor.get_by_label("Alert when")).to_be_hidden()
        expect(page.locator("#verdict")).to_contain_text("needs window")
        editor.get_by_label("Window").fill("30d")
        editor.get_by_label("Above", exact=True).fill("5")
        expect(page.locator("#verdict")).to_contain_text("It fits us-open: change(index, 30d) > 5.0")
        editor.get_by_label("Kind").select_option("regime")
        editor.get_by_label("Of", exact=True).fill("stress")
        expect(page.locator("#verdict")).to_contain_text("regime is not available in this market")
        assert silent(errors) == []


def test_a_receiver_is_written_tested_and_its_deliveries_are_seen(browser: Browser, duty: Duty) -> None:
    with looking(browser, f"{duty.url}#alerts/receivers", **duty.who) as (page, errors):
        expect(page.locator("#receivers .empty")).to_be_visible()
        page.locator("#new-receiver").click()
        form = page.locator("#receiver-editor")
        form.get_by_label("Name").fill("desk")
        form.get_by_label("Address (URL)").fill("http://10.0.0.1/hook")
        form.get_by_label("Keys").fill(WHSEC)
        form.get_by_role("button", name="Save").click()
        expect(form.locator(".fault")).to_contain_text("Receiver cannot be used")
        form.get_by_label("Address (URL)").fill(duty.endpoint.url)
        form.get_by_role("button", name="Save").click()
        desk = page.locator('[data-receiver="desk"]')
        desk.get_by_role("button", name="Send a test").click()
        expect(desk.locator(".outcome")).to_contain_text(
            re.compile(r"The test arrived: 200 in \d+\sms"), timeout=10_000
        )
        assert [got.headers["webhook-id"][:4] for got in duty.endpoint.got] == ["msg_"]
        duty.endpoint.answerer = lambda _n, _got: answer(404, b"gone fishing")
        desk.get_by_role("button", name="Send a test").click()
        expect(desk.locator(".outcome")).to_contain_text("The test did not arrive: HTTP 404", timeout=10_000)
        desk.get_by_role("button", name="Delivery log").click()
        expect(desk.locator("tbody tr")).to_have_count(2)
        expect(desk.locator("tbody tr").first).to_contain_text("404")
        desk.get_by_role("button", name="Change").click()
        expect(form.get_by_label("Keys")).to_have_value("")  # secrets never come back
        form.get_by_label("Enabled").uncheck()
        form.get_by_role("button", name="Save").click()
        expect(desk).to_contain_text("disabled")
        assert WHSEC not in page.content()
        assert silent(errors) == []


def test_sound_and_notification_are_off_until_asked_for(browser: Browser, duty: Duty) -> None:
    add_rule(duty.postgres, "us-open", name="High stress", when="index > 80", severity="critical")
    heard = """() => {
        window.shown = []; window.tones = 0;
        window.Notification = class { constructor(title) { window.shown.push(title); } addEventListener() {}
            static permission = "granted"; static requestPermission() { return Promise.resolve("granted"); } };
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...rest) { window.tones++; return start.apply(this, rest); };
    }"""
    with looking(browser, f"{duty.url}#alerts", **duty.who) as (page, errors):
        page.evaluate(heard)
        expect(page.get_by_label("Sound")).not_to_be_checked()
        expect(page.get_by_label("Browser notification")).not_to_be_checked()
        duty.give(91.0)
        expect(standing(page)).to_have_count(1, timeout=4_000)
        assert page.evaluate("[window.shown.length, window.tones]") == [0, 0]
        duty.give(20.0)
        expect(standing(page)).to_have_count(0, timeout=4_000)
        page.get_by_label("Sound").check()
        page.get_by_label("Browser notification").check()
        before = page.evaluate("window.tones")
        duty.give(92.0)
        expect(standing(page)).to_have_count(1, timeout=4_000)
        wait_until(lambda: page.evaluate("window.shown") == ["CRITICAL us-open: High stress"])
        assert page.evaluate("window.tones") == before + 2
        assert silent(errors) == []


def test_who_may_not_change_sees_why(browser: Browser, duty: Duty) -> None:
    """A server with sessions: what it says of this one decides, and its token goes with every change."""
    add_rule(duty.postgres, "us-open", name="High stress", when="index > 80")
    told = {"name": "ann", "role": "analyst", "scopes": ["alerts:read", "alerts:act"], "csrf": "t0ken", "local": False}
    with looking(browser, "about:blank") as (page, errors):
        page.route("**/v1/session", lambda route: route.fulfill(json=told | {"expires": None}))
        page.goto(f"{duty.url}#alerts/rules")
        rule = page.locator('[data-rule="High stress"]')
        expect(page.locator("#new-rule")).to_be_disabled()
        expect(page.locator("#rules .barred")).to_have_text(
            "ann (analyst) may look, but not change rules and receivers."
        )
        expect(rule.get_by_role("button", name="Remove")).to_be_disabled()
        page.get_by_role("link", name="Silences").click()
        page.get_by_role("button", name="New silence").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("Your name")).to_have_count(0)
        dialog.get_by_label("Reason").fill("maintenance")
        with page.expect_request(lambda request: request.method == "POST") as asked:
            dialog.get_by_role("button", name="Silence").click()
        assert asked.value.headers["x-csrf-token"] == "t0ken"
        assert asked.value.post_data_json["author"] == "ann"
        assert silent(errors) == []


class Door:
    """A server with sessions in front of the API, by its answers: who is signed in, users, keys."""

    def __init__(self, page: Page) -> None:
        self.signed_in, self.asked = False, list[tuple[str, str, Any]]()
        self.users = [self._user("ann", "admin")]
        self.keys: list[dict[str, Any]] = []
        page.route(re.compile("/v1/(session|users|keys)"), self._answer)

    @staticmethod
    def _user(name: str, role: str) -> dict[str, Any]:
        told = {"disabled": False, "has_password": True, "provider": None, "last_login_at": None, "link": None}
        return {"id": f"id-{name}", "name": name, "role": role, "created_at": "2026-11-20T14:31:00Z"} | told

    def _answer(self, route: Route) -> None:
        request, path = route.request, route.request.url.partition("/v1/")[2]
        if request.method != "GET":
            self.asked.append((request.method, path, request.headers.get("x-csrf-token")))
        body = request.post_data_json if request.post_data else {}
        found = self._said(request.method, path, body)
        route.fulfill(status=401 if found is None else 200, json=found or {"title": "Not signed in", "detail": "No."})

    def _said(self, method: str, path: str, body: Any) -> Any:
        if path == "session" and method == "POST":
            self.signed_in = body == {"name": "ann", "password": "correct horse"}
        if path == "session/link":
            self.signed_in = body["token"] == "0nce"
        if path.startswith("session"):
            scopes = ["alerts:read", "alerts:act", "alerts:write", "users:admin"]
            told = {"name": "ann", "role": "admin", "scopes": scopes, "csrf": "t0ken", "local": False, "expires": None}
            return told if self.signed_in else None
        return self._people(method, path, body) if self.signed_in else None

    def _people(self, method: str, path: str, body: Any) -> Any:
        if path == "users" and method == "POST":
            self.users.append(self._user(body["name"], body["role"]))
            return self.users[-1] | {"link": "l1nk"}
        if path.startswith("users/"):
            (user,) = [one for one in self.users if one["id"] == path[6:]]
            if method == "DELETE":
                self.users.remove(user)
            return user.update(body) or user
        if path == "keys" and method == "POST":
            made = {"id": "k", "prefix": "0f3f", "created_at": "2026-11-20T14:31:00Z", "key": None}
            self.keys.append(made | {"name": body["name"], "scopes": body["scopes"], "expires_at": body["expires_at"]})
            return self.keys[-1] | {"key": "esi_0f3f_s3cret"}  # pragma: allowlist secret
        if path.startswith("keys/"):
            self.keys.clear()
            return {"count": 1, "id": "k"}
        return {"users": self.users} if path == "users" else {"keys": self.keys}


def test_an_admin_signs_in_and_keeps_users_and_keys(browser: Browser, duty: Duty) -> None:
    with looking(browser, "about:blank") as (page, _):
        door = Door(page)
        page.goto(f"{duty.url}#alerts/people")
        expect(page.locator("#people .barred")).to_have_text("Sign in to change users and keys.")
        page.locator("#sign-in").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("ann")
        dialog.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        expect(dialog.locator(".fault")).to_have_text("Not signed in: No.")
        dialog.get_by_label("Password").fill("correct horse")
        page.keyboard.press("Enter")
        expect(page.locator(".who")).to_contain_text("ann, admin")
        page.locator("#new-user").click()
        dialog.get_by_label("Name").fill("bob")
        dialog.get_by_label("Role").select_option("operator")
        dialog.get_by_role("button", name="Add").click()
        expect(page.get_by_label("Shown this once")).to_have_value(re.compile(r"/#link=l1nk$"))
        with page.expect_response("**/v1/users/*"):
            page.get_by_label("Role of bob").select_option("viewer")
        assert door.users[1]["role"] == "viewer"
        page.locator('[data-user="bob"]').get_by_role("button", name="Shut out").click()
        expect(page.locator('[data-user="bob"]')).to_contain_text("shut out")
        page.locator('[data-user="bob"]').get_by_role("button", name="Delete").click()
        page.locator('[data-user="bob"]').get_by_role("button", name="Really delete").click()
        expect(page.locator('[data-user="bob"]')).to_have_count(0)
        page.locator("#new-key").click()
        dialog.get_by_label("What it is for").fill("wall")
        dialog.get_by_label("alerts:read").check()
        dialog.get_by_role("button", name="Make").click()
        expect(page.get_by_label("Shown this once")).to_have_value("esi_0f3f_s3cret")
        expect(page.locator('[data-key="wall"]')).to_contain_text("index:read, alerts:read")
        page.locator('[data-key="wall"]').get_by_role("button", name="Revoke").click()
        page.locator('[data-key="wall"]').get_by_role("button", name="Really revoke").click()
        expect(page.locator('[data-key="wall"]')).to_have_count(0)
        after_login = [csrf for _, path, csrf in door.asked if not path.startswith("session")]
        assert after_login == ["t0ken"] * len(after_login)
        assert len(after_login) == 6


def test_who_is_not_let_in_is_shown_the_way_in(browser: Browser, duty: Duty) -> None:
    with looking(browser, "about:blank") as (page, _):
        Door(page)
        page.route("**/v1/markets", lambda route: route.fulfill(status=401, json={"title": "Not signed in"}))
        page.goto(duty.url)
        expect(page.locator("#sign-in")).to_be_visible()
        expect(page.locator(".problem").first).to_contain_text("Not signed in")


def test_a_provider_is_a_way_in_where_there_is_one(browser: Browser, duty: Duty) -> None:
    with looking(browser, "about:blank") as (page, _):
        Door(page)
        page.goto(f"{duty.url}#alerts/people")
        page.locator("#sign-in").click()
        expect(page.get_by_role("dialog").get_by_label("Name")).to_be_visible()
        expect(page.locator("#by-provider")).to_have_count(0)
        page.keyboard.press("Escape")
        link = {"link": '</v1/session/oidc>; rel="login"'}
        page.route("**/v1/session", lambda route: route.fulfill(status=401, json={"title": "No"}, headers=link))
        page.locator("#sign-in").click()
        expect(page.locator("#by-provider")).to_have_attribute("href", "/v1/session/oidc")


def test_a_one_time_link_sets_a_password_and_leaves_no_trace(browser: Browser, duty: Duty) -> None:
    with looking(browser, "about:blank") as (page, _):
        Door(page)
        page.goto(f"{duty.url}#link=0nce")
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Password").fill("correct horse")
        dialog.get_by_label("Once more").fill("another horse")
        assert "0nce" not in page.url
        dialog.get_by_role("button", name="Set it").click()
        expect(dialog.locator(".fault")).to_contain_text("The two differ")
        dialog.get_by_label("Once more").fill("correct horse")
        dialog.get_by_role("button", name="Set it").click()
        expect(page.locator(".who")).to_contain_text("ann, admin")


PARTS = ("", "/silences", "/rules", "/receivers")


def opened(page: Page, part: str) -> None:
    """Opens what a part has to open: forms, lists, logs."""
    expect(page.locator(".desk-part h2").first).to_be_visible()
    if part == "/rules":
        page.locator("#new-rule").press("Enter")
        editor = page.locator("#rule-editor")
        expect(editor.get_by_label("Name", exact=True)).to_be_focused()
        for more in editor.locator("summary").all():
            more.click()
        editor.get_by_label("Alert when").fill("index > 20 and indx > 3")
        expect(page.locator("#verdict mark")).to_be_visible()
        editor.get_by_label("Alert when").fill("index > 20")
        editor.get_by_role("button", name="Try over history").click()
        expect(editor.locator(".trial-chart canvas")).to_be_visible()
    if part == "/receivers":
        desk = page.locator('[data-receiver="desk"]')
        desk.get_by_role("button", name="Send a test").click()
        expect(desk.locator(".outcome")).to_contain_text("arrived", timeout=10_000)
        desk.get_by_role("button", name="Delivery log").click()
        expect(desk.locator("tbody td").first).to_be_visible()
        page.locator("#new-receiver").click()


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_every_width(browser: Browser, duty: Duty, width: int) -> None:
    add_rule(duty.postgres, "us-open", name="High stress", when="index > 80")
    add_receiver(duty.postgres, "desk", kind="webhook", url=duty.endpoint.url, keys=[WHSEC])
    duty.give(91.0)
    for part in PARTS:
        url = f"{duty.url}#alerts{part}"
        with looking(browser, url, **duty.who, viewport={"width": width, "height": 800}) as (page, errors):
            opened(page, part)
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), part
            assert silent(errors) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wrong_by_wcag_aa(browser: Browser, duty: Duty, scheme: str) -> None:
    """As far as axe-core finds it: names, roles, contrast, order of headings; the index is looked at, too."""
    axe = CHECKOUT / "api" / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.exists():
        pytest.skip(f"no {axe}: npm ci in api/dashboard")
    add_rule(duty.postgres, "us-open", name="High stress", when="index > 80", severity="critical", about="Call us.")
    add_receiver(duty.postgres, "desk", kind="webhook", url=duty.endpoint.url, keys=[WHSEC])
    duty.give(91.0)
    for part in PARTS:
        at = f"{duty.url}#alerts{part}"
        with looking(browser, at, **duty.who, color_scheme=scheme, bypass_csp=True) as (page, _):
            opened(page, part)
            page.add_script_tag(path=axe)
            found = page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })")
            assert len(found["passes"]) > 10, "it has looked"
            faults = [(fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found["violations"]]
            assert faults == [], part
