"""Requests made up from the OpenAPI description: none may end in a fault, and each answer is one that is described."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tests.support.talk import set_up, wait_for_labels
from tools.settings import Settings
from tools.workbench import open_workbench

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = "/events/stream"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with a user, a pool, a task and texts that wait for labels; the client is that user."""
    folder = tmp_path_factory.mktemp("described")
    with open_workbench(Settings(workspace=folder), write=True, attended=False) as bench:
        set_up(bench)
        wait_for_labels(bench)
        bench.conversations.create("A talk", "ada")
        token = bench.users.add("ada", "owner")
        with served(bench, in_turn(), local=False) as opened:
            opened.headers["Authorization"] = f"Bearer {token}"
            yield opened


def test_no_request_ends_in_a_fault(client: httpx.Client) -> None:
    schema = schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")
    headers = {"Authorization": client.headers["Authorization"]}
    tried = 0
    for found in schema.exclude(path=ENDLESS).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        check()
        tried += 1
    assert tried > 35
