"""What the page shows of forecast, record, experts, regime, anomaly and drift is what the API gives, and it follows."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
import redis
from playwright.sync_api import Browser, expect

from schemas.reading import Details, Reading
from schemas.scores import Anomaly, Coverage, Drift, ExpertRow, Forecast, ModelRow, Regime
from tests.api.page_market import PageMarket
from tests.api.test_page import SECOND_US, Api, after, api, browser, looking, one_api, static

__all__ = ["api", "browser", "one_api", "static"]  # fixtures that are shared with the page's own tests

LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
NONE = "\N{EN DASH}"
WIDTHS = [-4.0, -1.0, 0.0, 1.5, 5.0]


class ScoredMarket(PageMarket):
    """A market with scores: forecasts lie around the index as it is."""

    def next(self, at_us: int, final: bool, index: float | None = None) -> Reading:
        """As there, with scores."""
        found = super().next(at_us, final, index)
        said: list[float | None] = [round(min(100.0, max(0.0, (found.index or 0) + width)), 3) for width in WIDTHS]
        return msgspec.structs.replace(found, forecast=said, regime="tense", anomaly=0.004)

    def _details_of(self, final: Reading) -> Details:
        index = final.index or 0
        middles = {"persistence": 0.0, "har": 0.4, "river_sgd": -0.3}
        experts = [
            ExpertRow(name, weight, skill, [index + moved + width for width in WIDTHS])
            for (name, moved), weight, skill in zip(middles.items(), (0.5, 0.3, 0.2), (0.0, 0.012, -0.02), strict=True)
        ]
        coverage = [Coverage(0.9, 0.897, 0.921), Coverage(0.5, 0.503, None)]
        forecast = Forecast(1, LEVELS, [index + width for width in WIDTHS], 0.0146, coverage, [480, 61], experts)
        return msgspec.structs.replace(
            super()._details_of(final),
            forecast=[forecast],
            regime=Regime("tense", 7, {"calm": 0.1, "tense": 0.8, "stress": 0.1}, 0.03, 40),
            anomaly=Anomaly(0.004, 0.7, 1.25),
            drift=Drift(["adwin"], {"adwin": 1, "page_hinkley": 0, "kswin": 0}, 0, "drift"),
        )


class ModelledMarket(ScoredMarket):
    """With a model in force, whose newest version is too slow, and its challenger."""

    def next(self, at_us: int, final: bool, index: float | None = None) -> Reading:
        """As there, with the version in force."""
        return msgspec.structs.replace(
            super().next(at_us, final, index), models={"lstm": "2026-11", "lstm:challenger": "2026-10"}
        )

    def _details_of(self, final: Reading) -> Details:
        models = [
            ModelRow("lstm", "champion", "2026-12", "2026-11", "forecast", 1, "too_slow", 0.21, 0.012, None, None),
            ModelRow("lstm", "challenger", "2026-10", "2026-10", "forecast", 1, None, 0.0, -0.02, None, None),
        ]
        return msgspec.structs.replace(super()._details_of(final), models=models)


@pytest.fixture
def scored(clean_redis: redis.Redis) -> PageMarket:
    """An hour of minutes of a live market with scores."""
    market = ScoredMarket(clean_redis, "sim", ("equity", "credit"), 6, 60 * SECOND_US, SECOND_US)
    market.define("2026-01-01T00:00:00Z")
    market.past("2026-01-01T00:00:00Z", 60)
    return market


def asked(api: Api, path: str) -> Any:
    return httpx.get(f"{api.url}/v1/markets/sim/{path}").raise_for_status().json()


def test_scores_are_those_of_the_api(browser: Browser, api: Api, scored: PageMarket) -> None:
    reading = api.latest(scored.name)["reading"]
    forecast, condition = asked(api, "forecast")["forecasts"][-1], asked(api, "regime")
    with looking(browser, f"{api.url}/?market={scored.name}") as (page, errors):
        for level, value in zip(LEVELS, reading["forecast"], strict=True):
            expect(page.locator(f'#forecast [data-level="{level}"]')).to_have_text(f"{value:.2f}")
        expect(page.locator('#record [data-skill="persistence"]')).to_have_text(
            f"{forecast['skill']:.1%} better".replace("%", " %")
        )
        for row in forecast["coverage"]:
            for when in ("overall", "stress"):
                said = NONE if row[when] is None else f"{100 * row[when]:.1f} %"
                expect(page.locator(f'#record [data-coverage="{row["nominal"]} {when}"]')).to_have_text(said)
        for expert in forecast["experts"]:
            expect(page.locator("#experts")).to_contain_text(f"{100 * expert['weight']:.0f} %")
        assert page.locator("#condition [data-regime]").count() == len(condition["regime"]["probabilities"])
        expect(page.locator("#condition")).to_contain_text("Tense")
        expect(page.locator("#drift-words")).to_contain_text("Drift")
        expect(page.locator("#models")).to_contain_text("No trained model is in force")
        expect(page.locator("#models table")).to_be_hidden()
        expect(page.locator("#change-words")).to_contain_text("trained anew: drift")
        assert errors == []


def test_forecasts_follow_a_new_reading_within_a_second(browser: Browser, api: Api, scored: PageMarket) -> None:
    with looking(browser, f"{api.url}/?market={scored.name}") as (page, errors):
        expect(page.locator("#connection")).to_have_text("Live")
        middle = page.locator('#forecast [data-level="0.5"]')
        now = after(scored, api, 1)
        for n, index in enumerate((71.3, 12.4)):
            scored.publish(scored.next(now + n * SECOND_US, final=False, index=index))
            expect(middle).to_have_text(f"{index:.2f}", timeout=1_000)
        assert errors == []


def test_models_are_shown_with_challenger_and_what_stays_out(
    browser: Browser, api: Api, clean_redis: redis.Redis
) -> None:
    market = ModelledMarket(clean_redis, "sim", ("equity", "credit"), 6, 60 * SECOND_US, SECOND_US)
    market.define("2026-01-01T00:00:00Z")
    market.past("2026-01-01T00:00:00Z", 60)
    with looking(browser, f"{api.url}/?market=sim") as (page, errors):
        expect(page.locator("#models")).to_contain_text("In force: LSTM 2026-11.")
        champion = page.locator('#models [data-model="lstm champion"]')
        for said in ("2026-11", "2026-12 stays out: too slow", "21 %", "1.2 % better"):
            expect(champion).to_contain_text(said)
        shadow = page.locator('#models [data-model="lstm challenger"]')
        for said in ("2026-10", "in the shadow", "2.0 % worse"):
            expect(shadow).to_contain_text(said)
        assert errors == []


def test_a_market_without_scores_has_no_such_panels(browser: Browser, api: Api, clean_redis: redis.Redis) -> None:
    market = PageMarket(clean_redis, "plain")
    market.define("2026-01-01T00:00:00Z")
    market.past("2026-01-01T00:00:00Z", 30)
    with looking(browser, f"{api.url}/?market=plain") as (page, errors):
        expect(page.locator("#index")).not_to_have_text(NONE)
        for panel in ("forecast", "record", "experts", "condition"):
            expect(page.locator(f"#{panel}")).to_be_hidden()
        assert errors == []
