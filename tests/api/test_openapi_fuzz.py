"""Every operation of the OpenAPI document, by schemathesis: no answer to what fits it, or nearly, is our fault."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
import redis
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation, BaseSchema

from api.identity.scopes import ROLES, Role, scopes_of
from tests import servers
from tests.api.identity.people import make_key
from tests.fuzz.served import serving_live

EXAMPLES = int(os.environ.get("ESI_FUZZ_EXAMPLES", "6"))
"""Requests to each operation by the document, and as many against it; `make fuzz` asks for more."""

pytestmark = [pytest.mark.timeout(1_800), pytest.mark.filterwarnings("default")]  # its own warnings are not ours

thrifty = settings(
    max_examples=EXAMPLES, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    derandomize=True, database=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def asked(redis_server: servers.Redis, archive_tables: str) -> Iterator[tuple[BaseSchema, dict[str, str]]]:
    client = redis.Redis.from_url(redis_server.url)
    client.flushdb()
    client.close()
    with serving_live(redis_server.url, archive_tables) as served:
        yield schemathesis.openapi.from_url(f"{served.url}/openapi.json"), served.headers


def statuses(operation: APIOperation, mode: GenerationMode, headers: dict[str, str]) -> Counter[int]:
    """How often each status came; the case that brought a fault is raised."""
    found = Counter[int]()

    @thrifty
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        answer = case.call(headers=headers)
        assert answer.status_code < 500, f"{answer.status_code}: {case.as_curl_command()}\n{answer.text[:2_000]}"
        found[answer.status_code] += 1

    ask()
    return found


@pytest.mark.parametrize("role", ROLES)
def test_no_operation_is_answered_with_a_fault(
    asked: tuple[BaseSchema, dict[str, str]], archive_tables: str, role: Role
) -> None:
    schema, _ = asked
    headers = {"authorization": f"Bearer {make_key(archive_tables, *scopes_of(role))}"}
    found, count = Counter[int](), 0
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                found += statuses(operation, mode, headers)
            except Exception as error:
                error.add_note(f"{operation.label}, {mode}")
                if "Unsatisfiable" in type(error).__name__:
                    continue  # an operation without parameters has nothing to get wrong
                raise
        count += 1
    assert count > 30, "it has seen the document"
    assert found[200] > 10
    assert found[403 if role == "viewer" else 422] > 50
