"""The page in a real browser, before the real API and a real Redis: it shows what the API gives, and follows it."""

from __future__ import annotations

import json
import multiprocessing
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from api.config import ApiConfig
from deploy.page import PageError, build
from schemas.reading import parse_rfc3339
from tests import servers
from tests.api.page_market import PageMarket
from tests.servers import wait_until

CHECKOUT = Path(__file__).parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
BEGIN = "1999-01-04T21:00:00Z"
SECOND_US = 1_000_000
MINUS, NOTHING = "\N{MINUS SIGN}", "\N{EN DASH}\N{EN DASH}.\N{EN DASH}"

pytestmark = pytest.mark.timeout(300)


def _serve(config: ApiConfig) -> None:
    from api.server import run

    run(config)


class Api:
    """An API in a process of its own, which can be killed and started again on the same port."""

    def __init__(self, config: ApiConfig) -> None:
        self.config = config
        self.url = f"http://127.0.0.1:{config.port}"
        self._process: multiprocessing.process.BaseProcess | None = None

    def start(self) -> None:
        """Returns when it answers."""
        self._process = multiprocessing.get_context("spawn").Process(target=_serve, args=(self.config,), daemon=True)
        self._process.start()
        wait_until(lambda: httpx.get(f"{self.url}/healthz").is_success, 30, "the API")

    def must_run(self) -> None:
        """Starts it if it does not run."""
        if self._process is None or not self._process.is_alive():
            self.start()

    def kill(self) -> None:
        """Ends it at once, as kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def latest(self, market: str) -> dict[str, Any]:
        """What it says now."""
        answer: dict[str, Any] = httpx.get(f"{self.url}/v1/markets/{market}/latest").json()
        return answer


@pytest.fixture(scope="module")
def static() -> Path:
    try:
        return build(CHECKOUT)
    except PageError as error:
        if "registry does not answer" in str(error) or "needs Node" in str(error):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def api(one_api: Api) -> Api:
    """It runs, even if a test before failed while it was down."""
    one_api.must_run()
    return one_api


@pytest.fixture(scope="module")
def one_api(redis_server: servers.Redis, static: Path) -> Iterator[Api]:
    """One API for all tests: its Redis is emptied between them, as if its history were lost."""
    running = Api(ApiConfig(redis_url=redis_server.url, port=servers.free_port(), static=static, serve_metrics=False))
    try:
        running.start()
        yield running
    finally:
        running.kill()


@pytest.fixture
def daily(clean_redis: redis.Redis) -> PageMarket:
    """Two years of daily finals."""
    market = PageMarket(clean_redis, "us-open")
    market.define(BEGIN)
    market.past(BEGIN, 500)
    return market


@pytest.fixture
def quick(clean_redis: redis.Redis) -> PageMarket:
    """A synthetic market with a reading per second; an hour of minutes lies behind it."""
    segments = ("equity", "credit", "funding", "rates", "fx")
    market = PageMarket(clean_redis, "sim", segments, 50, 60 * SECOND_US, SECOND_US, synthetic=True)
    market.define("2026-01-01T00:00:00Z")
    market.past("2026-01-01T00:00:00Z", 60)
    return market


@contextmanager
def looking(browser: Browser, url: str, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page, and the errors that its console and its scripts have told so far."""
    context = browser.new_context(accept_downloads=True, **options)
    page, errors = context.new_page(), list[str]()

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            errors.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    try:
        yield page, errors
    finally:
        context.close()


def shown(index: float) -> str:
    return f"{index:.1f}"


def after(market: PageMarket, api: Api, seconds: float) -> int:
    """Event time so many seconds behind the newest reading."""
    return parse_rfc3339(api.latest(market.name)["reading"]["at"]) + int(seconds * SECOND_US)


def test_the_page_shows_what_the_api_gives(browser: Browser, api: Api, daily: PageMarket) -> None:
    reading = api.latest(daily.name)["reading"]
    with looking(browser, f"{api.url}/?market={daily.name}") as (page, errors):
        expect(page.locator("#index")).to_have_text(shown(reading["index"]))
        expect(page.locator("#percentile")).to_contain_text(f"Higher than {reading['percentile']:.0f} % of days since")
        expect(page.locator("#level")).to_have_text(reading["level"].capitalize())
        expect(page.locator("#mark")).to_contain_text("Final")
        expect(page.locator("#asof")).to_contain_text("21:00 UTC")
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.locator("#synthetic")).to_be_hidden()
        expect(page.locator("#coverage")).to_have_text("All 3 segments live.")
        for segment, points in reading["contributions"].items():
            expect(page.locator(f'.legend [data-name="{segment}"]')).to_have_text(shown(points))
        expect(page.locator(".step.end .points")).to_have_text(shown(reading["index"]))
        expect(page.locator(".data tbody tr")).to_have_count(6)
        expect(page.locator(".heat tbody tr")).to_have_count(3)
        assert errors == []


def test_every_indicator_and_correlation_is_the_one_of_the_api(browser: Browser, api: Api, daily: PageMarket) -> None:
    rows = httpx.get(f"{api.url}/v1/markets/{daily.name}/contributions?limit=1").json()["indicators"]["rows"]
    matrix = httpx.get(f"{api.url}/v1/markets/{daily.name}/correlations").json()["segments"]["values"]
    with looking(browser, f"{api.url}/?market={daily.name}") as (page, errors):
        expect(page.locator(".data tbody tr")).to_have_count(len(rows))
        given = {row["name"]: f"{row['contribution']:.2f}" for row in rows}
        names = page.locator(".data tbody th > span:first-child").all_inner_texts()
        points = page.locator(".data tbody td.contribution").all_inner_texts()
        assert dict(zip(names, points, strict=True)) == given
        cells = page.locator(".heat tbody td").all_inner_texts()
        assert [float(cell.replace(MINUS, "-")) for cell in cells] == pytest.approx(list(chain(*matrix)), abs=0.006)
        assert errors == []


def test_a_market_that_is_none_is_said_and_nothing_is_asked_of_it(
    browser: Browser, api: Api, daily: PageMarket
) -> None:
    with looking(browser, f"{api.url}/?market=nope") as (page, errors):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.reload()
        expect(page.locator("#missing")).to_contain_text("There is no market “nope” now. There is this one")
        expect(page.locator("#connection")).to_have_text("Not connected")
        expect(page.locator(".now")).to_be_hidden()
        page.wait_for_timeout(2_500)
        assert [url for url in asked[1:] if "nope" in url] == []
        page.locator("#market").select_option(daily.name)
        expect(page.locator("#missing")).to_be_hidden()
        page.goto(f"{api.url}/?market=nope")
        page.locator("#missing").get_by_role("link", name=daily.name).click()
        expect(page.locator("#index")).to_have_text(shown(api.latest(daily.name)["reading"]["index"]))
        expect(page.locator("#missing")).to_be_hidden()
        assert errors == []


def test_a_young_market_says_in_its_charts_when_something_will_be_there(
    browser: Browser, api: Api, clean_redis: redis.Redis
) -> None:
    market = PageMarket(clean_redis, "young", period_us=3600 * SECOND_US, step_us=SECOND_US)
    market.define(BEGIN)
    with looking(browser, f"{api.url}/?market=young") as (page, errors):
        says = re.compile(
            r"^Nothing yet: a line begins with the first two hours. The next hour closes .*\d\d:00 UTC\.$"
        )
        for chart in (".history .chart", ".contributions .chart"):
            expect(page.locator(chart)).to_have_attribute("data-empty", says)
        market.past(BEGIN, 2)
        for chart in (".history .chart", ".contributions .chart"):
            expect(page.locator(chart)).not_to_have_attribute("data-empty", says, timeout=20_000)
        assert errors == []


def test_it_follows_a_new_reading_within_a_second(browser: Browser, api: Api, quick: PageMarket) -> None:
    with looking(browser, f"{api.url}/?market={quick.name}") as (page, errors):
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.locator("#synthetic")).to_be_visible()
        now = after(quick, api, 1)
        for n, index in enumerate((71.3, 12.4, 55.5)):
            quick.publish(quick.next(now + n * SECOND_US, final=False, index=index))
            expect(page.locator("#index")).to_have_text(shown(index), timeout=1_000)
            expect(page.locator("#mark")).to_contain_text("Provisional, closes")
        quick.publish(quick.next(now + 59 * SECOND_US, final=True, index=33.3))
        expect(page.locator("#index")).to_have_text("33.3", timeout=1_000)
        expect(page.locator("#mark")).to_contain_text("Final")
        expect(page.locator(".data tbody tr")).to_have_count(10)
        assert errors == []


def test_it_survives_a_restart_of_the_api_and_misses_nothing(browser: Browser, api: Api, quick: PageMarket) -> None:
    with looking(browser, f"{api.url}/?market={quick.name}") as (page, errors):
        expect(page.locator("#connection")).to_have_text("Live")
        before = shown(api.latest(quick.name)["reading"]["index"])
        expect(page.locator("#index")).to_have_text(before)
        now = after(quick, api, 60)
        api.kill()
        expect(page.locator("#connection")).to_contain_text(re.compile(r"Disconnected.*Retry in \d+\ss"))
        expect(page.locator("#index")).to_have_text(before)  # greyed, never blank
        expect(page.locator("html.disconnected")).to_have_count(1)
        quick.publish(quick.next(now, final=True, index=81.0))
        quick.publish(quick.next(now + SECOND_US, final=False, index=82.0))
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        api.start()
        expect(page.locator("#connection")).to_have_text("Live", timeout=35_000)
        expect(page.locator("#index")).to_have_text("82.0")
        expect(page.locator("html.disconnected")).to_have_count(0)
        assert any("since=" in url for url in sockets)
        page.get_by_role("button", name="Table").first.click()
        assert "81" in page.locator(".history .behind tbody").inner_text()
        # the browser itself tells of connections that found no server; the page tells nothing more
        assert [
            error for error in errors if "ERR_CONNECTION" not in error and "WebSocket connection" not in error
        ] == []


def test_the_address_holds_the_state(browser: Browser, api: Api, daily: PageMarket, quick: PageMarket) -> None:
    with looking(browser, f"{api.url}/") as (page, errors):
        expect(page.locator("#market")).to_have_value(daily.name)  # real before synthetic
        expect(page.locator(".presets button").first).to_be_visible()
        page.get_by_role("button", name="1Y").click()
        page.locator("#history select").select_option("z_mean")
        page.locator("body").press("ArrowLeft")
        page.wait_for_url(re.compile(r"market=us-open&range=1Y&cursor=[^&]+&form=z_mean"))
        readout = page.locator("#readout").inner_text()
        link = page.url
        page.locator("#market").select_option(quick.name)
        page.wait_for_url(re.compile(rf"\?market={quick.name}$"))
        page.goto(link)
        expect(page.locator("#readout")).to_have_text(readout)
        expect(page.get_by_role("button", name="1Y")).to_have_attribute("aria-pressed", "true")
        assert errors == []


def test_the_change_is_explained_over_a_week_and_a_month(browser: Browser, api: Api, daily: PageMarket) -> None:
    end = api.latest(daily.name)["final"]
    with looking(browser, f"{api.url}/?market={daily.name}", permissions=["clipboard-write", "clipboard-read"]) as (
        page,
        errors,
    ):
        moved = page.locator("#moved")
        expect(moved.locator(".presets button")).to_have_text(["Day", "Week", "Month"])
        expect(moved.get_by_role("button", name="Day")).to_have_attribute("aria-pressed", "true")
        for reach, periods in (("Week", 5), ("Month", None)):
            moved.get_by_role("button", name=reach).click()
            expect(moved.locator(".lead")).to_contain_text(f"over a {reach.lower()}")
            moved.locator("button", has_text="API").click()
            path = str(page.evaluate("navigator.clipboard.readText()")).split("'")[1]
            found = httpx.get(path).json()
            assert periods in (None, found["splits"])
            assert found["to"]["at"] == end["at"]
            expect(moved.locator(".step.start .points")).to_have_text(shown(found["from"]["index"]))
            expect(moved.locator(".step.end .points")).to_have_text(shown(end["index"]))
            for cause in ("correlation", "composition"):
                said = moved.locator(f".step.{cause} .points").inner_text()
                assert float(said.replace(MINUS, "-")) == pytest.approx(found["moved"][cause], abs=0.006)
            moved.locator("summary").first.click()
            rows = [row for row in found["indicators"] if row["segment"] == "equity"]
            expect(moved.locator("details[open] .indicators p")).to_have_count(len(rows) + 1)
            moved.locator("summary").first.click()
        page.wait_for_url(re.compile(r"moved=month"))
        page.reload()
        expect(moved.get_by_role("button", name="Month")).to_have_attribute("aria-pressed", "true")
        expect(moved.locator(".lead")).to_contain_text("over a month")
        assert errors == []


def test_a_live_market_adds_what_came_since_the_last_final(browser: Browser, api: Api, quick: PageMarket) -> None:
    with looking(browser, f"{api.url}/?market={quick.name}&moved=day") as (page, errors):
        moved = page.locator("#moved")
        expect(moved.locator(".presets button")).to_have_text(["Minute", "Day", "Week", "Month"])
        expect(moved.locator(".lead")).to_contain_text("Not known over a day")  # the market is an hour old
        quick.past("2026-01-01T01:00:00Z", 1440)
        expect(moved.locator(".lead")).to_contain_text(re.compile("(Up|Down|Unchanged).*over a day"), timeout=15_000)
        start = moved.locator(".step.start .points").inner_text()
        quick.publish(quick.next(after(quick, api, 1), final=False, index=88.0))
        expect(moved.locator(".step.end .points")).to_have_text("88.0")
        expect(moved.locator(".step.start .points")).to_have_text(start)
        points = [float(text.replace(MINUS, "-")) for text in moved.locator(".points").all_inner_texts()]
        assert sum(points[1:-1]) == pytest.approx(points[-1] - points[0], abs=0.15)
        assert [error for error in errors if "404" not in error] == []


def test_charts_can_be_taken_away(browser: Browser, api: Api, daily: PageMarket) -> None:
    with looking(browser, f"{api.url}/?market={daily.name}", permissions=["clipboard-write", "clipboard-read"]) as (
        page,
        errors,
    ):
        expect(page.locator(".data tbody tr")).to_have_count(6)
        wait_until(lambda: page.locator("#history [aria-busy]").count() == 0)
        for card, picture in (
            ("history", 1),
            ("contributions", 1),
            ("moved", 1),
            ("correlations", 1),
            ("indicators", 0),
        ):
            with page.expect_download() as table:
                page.locator(f"#{card} button", has_text="CSV").click()
            assert table.value.suggested_filename.startswith("esi-us-open-")
            assert len(Path(table.value.path()).read_text().splitlines()) > 3
            assert page.locator(f"#{card} button", has_text="PNG").count() == picture
            if picture:
                with page.expect_download() as image:
                    page.locator(f"#{card} button", has_text="PNG").click()
                assert Path(image.value.path()).read_bytes().startswith(b"\x89PNG")
        page.locator("#moved button", has_text="API").click()
        copied = str(page.evaluate("navigator.clipboard.readText()"))
        assert copied == f"curl -s '{api.url}/v1/markets/us-open/latest'"
        assert errors == []


def test_editions_of_a_market_are_told_apart(
    browser: Browser, api: Api, daily: PageMarket, clean_redis: redis.Redis
) -> None:
    later = PageMarket(clean_redis, "us-open@2")
    later.define(BEGIN)
    later.past(BEGIN, 40)
    with looking(browser, f"{api.url}/?market={daily.name}") as (page, errors):
        options = page.locator("#market option")
        expect(options).to_have_text(["us-open (test)", "us-open (test) · edition 2"])
        expect(page.locator("#index")).to_have_text(shown(api.latest(daily.name)["final"]["index"]))
        page.locator("#market").select_option(later.name)
        expect(page.locator("#index")).to_have_text(shown(api.latest(later.name)["final"]["index"]))
        page.wait_for_url(re.compile(r"market=us-open@2"))
        page.reload()
        expect(page.locator("#market")).to_have_value(later.name)
        expect(page.locator("#connection")).to_have_text("Live")
        assert errors == []


def test_keys_work_and_are_listed(browser: Browser, api: Api, daily: PageMarket, quick: PageMarket) -> None:
    with looking(browser, f"{api.url}/?market={daily.name}") as (page, errors):
        expect(page.locator("#index")).not_to_have_text(NOTHING)
        page.keyboard.press("?")
        expect(page.locator("dialog.help")).to_be_visible()
        page.locator("dialog.help button").click()
        expect(page.locator("dialog.help")).to_be_hidden()
        page.keyboard.press("t")
        expect(page.locator("html")).to_have_attribute("data-theme", re.compile("dark|light"))
        page.keyboard.press("m")
        expect(page.locator("#market")).to_have_value(quick.name)
        assert errors == []


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_it_fits_every_width(browser: Browser, api: Api, quick: PageMarket, width: int) -> None:
    with looking(browser, f"{api.url}/?market={quick.name}", viewport={"width": width, "height": 800}) as (
        page,
        errors,
    ):
        expect(page.locator(".data tbody tr")).to_have_count(10)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert errors == []


def test_definitions_appear_on_hover_and_focus(browser: Browser, api: Api, daily: PageMarket) -> None:
    glossary = json.loads((CHECKOUT / "api" / "dashboard" / "glossary.json").read_text())
    with looking(browser, f"{api.url}/?market={daily.name}") as (page, errors):
        page.locator(".meter .term").hover()
        expect(page.locator(".bubble")).to_have_text(glossary["coverage"])
        page.locator(".of .term").focus()
        expect(page.locator(".bubble")).to_have_text(glossary["index"])
        assert errors == []


def test_screen_readers_hear_the_number_at_most_every_ten_seconds(
    browser: Browser, api: Api, quick: PageMarket
) -> None:
    with looking(browser, f"{api.url}/?market={quick.name}") as (page, _):
        words = page.locator("#announcement")
        expect(words).to_contain_text("of 100")
        expect(words).to_have_attribute("aria-live", "polite")
        first = words.inner_text()
        quick.publish(quick.next(after(quick, api, 1), final=False, index=90.0))
        expect(page.locator("#index")).to_have_text("90.0")
        time.sleep(1.2)
        assert words.inner_text() == first
        expect(words).to_contain_text("90.0", timeout=12_000)


def test_a_market_without_readings_says_so(browser: Browser, api: Api, clean_redis: redis.Redis) -> None:
    PageMarket(clean_redis, "empty").define(BEGIN)
    with looking(browser, f"{api.url}/?market=empty") as (page, errors):
        expect(page.locator("#percentile")).to_contain_text("No reading yet")
        expect(page.locator("#index")).to_have_text(NOTHING)
        assert errors == []


def test_a_burst_of_readings_is_followed_to_its_end(browser: Browser, api: Api, quick: PageMarket) -> None:
    with looking(browser, f"{api.url}/?market={quick.name}") as (page, errors):
        expect(page.locator("#connection")).to_have_text("Live")
        now = after(quick, api, 0)
        for n in range(1, 200):
            quick.publish(quick.next(now + n * SECOND_US // 20, final=False, index=n / 4))
            time.sleep(0.005)
        expect(page.locator("#index")).to_have_text(shown(199 / 4), timeout=1_000)
        assert errors == []
