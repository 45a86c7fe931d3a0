"""Forecast and regime over HTTP: those of the last final; a market without scores says how to ask for them."""

from __future__ import annotations

import jsonschema
import msgspec

from schemas.reading import canonical
from tests.api.conftest import Served
from tests.api.publisher import FORECAST, Publisher, details, id_of


def test_the_forecast_is_that_of_the_last_final(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 11), finals=[10])
    answer = served.get("/v1/markets/test/forecast")
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert found["at"] == details("test", 10).at
    assert msgspec.json.decode(canonical(FORECAST)) == found["forecasts"][0]


def test_the_regime_comes_with_anomaly_and_drift(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 11), finals=[10])
    found = served.get("/v1/markets/test/regime").json()
    assert found["regime"]["name"] == "tense"
    assert found["anomaly"] == {"probability": 0.03, "trees": 0.7, "turbulence": None}
    assert found["drift"]["counts"]["page_hinkley"] == 1


def test_answers_are_as_documented(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 11), finals=[10])
    document = served.get("/openapi.json").json()
    for path, name in (("forecast", "Forecasts"), ("regime", "Condition")):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(served.get(f"/v1/markets/test/{path}").json())


def test_what_is_missing_is_said(served: Served, publisher: Publisher) -> None:
    for path in ("forecast", "regime"):
        before = served.get(f"/v1/markets/test/{path}")
        assert (before.status_code, before.json()["title"]) == (404, "No final yet")
    unset = dict.fromkeys(("forecast", "regime", "anomaly", "drift"), msgspec.UNSET)
    publisher.readings(range(1, 11))
    plain = msgspec.structs.replace(details("test", 10), **unset)
    publisher._add(publisher.client, "details", "details", id_of(10, True), plain)
    for path in ("forecast", "regime"):
        without = served.get(f"/v1/markets/test/{path}")
        assert (without.status_code, without.json()["title"]) == (404, "No scores")
        assert "[scores]" in without.json()["detail"]
    assert served.get("/v1/markets/nowhere/forecast").status_code == 404


def test_scores_of_many_finals_come_as_columns(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 41), finals=[10, 20, 30, 40])
    answer = served.get("/v1/markets/test/scores", params={"limit": 3})
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert found["at"] == [details("test", number).at for number in (10, 20, 30)]
    assert found["weights"] == {"persistence": [1.0] * 3, "river_sgd": [0.0] * 3}
    assert found["next"] == found["last"] == id_of(30, True)
    rest = served.get("/v1/markets/test/scores", params={"cursor": found["next"]}).json()
    assert (rest["at"], rest["next"]) == ([details("test", 40).at], None)
    document = served.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/Scores", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(found)


def test_scores_can_be_thinned_and_bounded(served: Served, publisher: Publisher) -> None:
    publisher.readings(range(1, 41), finals=[10, 20, 30, 40])
    path = "/v1/markets/test/scores"
    thinned = served.get(path, params={"every": "20s", "to": details("test", 40).at}).json()
    assert thinned["at"] == [details("test", 20).at, details("test", 30).at]
    assert served.get(path, params={"limit": 1_001}).status_code == 422
    assert served.get("/v1/markets/nowhere/scores").status_code == 404
