"""Examples of answers keep to what the OpenAPI document says of them."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from api.app import create_app
from api.config import ApiConfig
from api.examples import EXAMPLES


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(ApiConfig("redis://127.0.0.1:1/0")).openapi()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_is_what_its_schema_says(document: dict[str, Any], name: str) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(EXAMPLES[name])
