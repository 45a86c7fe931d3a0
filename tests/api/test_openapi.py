"""The OpenAPI document; that real answers keep to it is proved in test_routes."""

from __future__ import annotations

from typing import Any

import pytest

from api.app import create_app
from api.config import ApiConfig


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(ApiConfig("redis://127.0.0.1:1/0")).openapi()


def test_every_operation_tells_its_errors_and_shows_an_example(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for responses in (operation["responses"] for operation in operations.values()):
            assert {"200", "400", "403"} <= set(responses), path
            asks_nobody = {"/v1/alerts/preview", "/v1/alerts/kinds", "/v1/models"}
            assert "503" in responses or path in asks_nobody, "everything else asks a server"
            assert "example" in responses["200"]["content"]["application/json"], path
            assert set(responses["403"]["content"]) == {"application/problem+json"}, path


def test_every_reference_is_defined(document: dict[str, Any]) -> None:
    text = str(document)
    named = {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in text


def test_history_says_its_formats_and_parameters(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/markets/{market}/readings"]["get"]
    parameters = {parameter["name"] for parameter in operation["parameters"]}
    assert parameters == {
        "market", "from", "to", "final", "limit", "cursor", "every", "format", "stream", "as_known_at"
    }  # fmt: skip
    assert set(operation["responses"]["200"]["content"]) == {
        "application/json",
        "text/csv",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
    }
