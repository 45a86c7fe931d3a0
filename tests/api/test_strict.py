"""Unknown parameters are refused on every route, and the nearest known one is named."""

from __future__ import annotations

import pytest

from api.strict import FOREIGN
from tests.api.conftest import Served
from tests.api.publisher import Publisher


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/markets/test/readings?form=2008-01-01", "'form': did you mean format or from?"),
        ("/v1/markets/test/readings?zzz=1&limit=2", "'zzz': there are as_known_at, cursor, every, "),
        ("/v1/markets?limit=1", "'limit': there are none here."),
        ("/v1/alerts/rules?markt=us", "'markt': did you mean market?"),
    ],
)
def test_a_slip_is_told(served: Served, publisher: Publisher, path: str, said: str) -> None:
    publisher.readings([1])
    answer = served.get(path)
    assert (answer.status_code, answer.json()["title"]) == (422, "Unknown parameter")
    assert answer.json()["detail"].startswith(said)


def test_every_route_refuses_what_it_does_not_know(served: Served, publisher: Publisher) -> None:
    publisher.readings([1])
    for path, operations in served.app.openapi()["paths"].items():
        if "get" not in operations or "{" in path.replace("{market}", "") or path in FOREIGN:
            continue
        answer = served.get(path.replace("{market}", "test"), params={"esi_unknown": "1"})
        assert answer.status_code in {401, 403, 422, 503}, (path, answer.status_code)


def test_what_is_known_goes_on(served: Served, publisher: Publisher) -> None:
    publisher.readings([1])
    assert served.get("/v1/markets/test/readings?final=false&limit=1&format=csv").status_code == 200
