"""The OpenAPI document; that real answers keep to it is proved in test_routes."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from api.app import create_app
from api.config import ApiConfig
from api.openapi import EXAMPLES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(ApiConfig("redis://127.0.0.1:1/0")).openapi()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_is_what_its_schema_says(document: dict[str, Any], name: str) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(EXAMPLES[name])


def test_every_operation_tells_its_errors_and_shows_an_example(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        if not path.startswith("/v1/"):
            continue
        responses = operations["get"]["responses"]
        assert {"200", "400", "403", "503"} <= set(responses), path
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
    assert parameters == {"market", "from", "to", "final", "limit", "cursor", "every", "format", "as_known_at"}
    assert set(operation["responses"]["200"]["content"]) == {
        "application/json",
        "text/csv",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
    }
