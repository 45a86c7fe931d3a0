"""Problem details have the members of RFC 9457."""

from __future__ import annotations

import json

from api.problems import MEDIA_TYPE, Problem, away, problem_response, unknown_market

SCOPE = {"type": "http", "path": "/v1/markets/x", "state": {"request_id": "abc"}}


def test_a_problem_as_response() -> None:
    response = problem_response(SCOPE, Problem(503, "Redis is away", "It does not answer.", {"retry-after": "2"}))
    assert (response.status_code, response.media_type) == (503, MEDIA_TYPE)
    assert response.headers["retry-after"] == "2"
    assert json.loads(bytes(response.body)) == {
        "type": "about:blank", "title": "Redis is away", "status": 503, "detail": "It does not answer.",
        "instance": "/v1/markets/x", "request_id": "abc",
    }  # fmt: skip


def test_faults_of_parameters_are_listed() -> None:
    faults = [{"where": "query.limit", "fault": "too large"}]
    found = json.loads(bytes(problem_response(SCOPE, Problem(422, "Bad parameter", "x"), faults).body))
    assert found["errors"] == faults


def test_common_problems_say_what_to_do() -> None:
    assert "GET /v1/markets" in unknown_market("x").detail
    assert len(unknown_market("x" * 10_000).detail) < 200
    assert (away("Redis").status, away("Redis").headers) == (503, {"retry-after": "2"})
