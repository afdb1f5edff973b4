"""Requests made up from the OpenAPI description: none may end in a fault, and each answer is one that is described."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import jsonschema_rs
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


def test_every_field_is_explained_and_every_form_has_an_example_that_fits(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    assert not list(_lacking(described))
    for schema in described["components"]["schemas"].values():
        schema.pop("required", None)  # FastAPI leaves out of an example what is null in it
    for name, schema in described["components"]["schemas"].items():
        check = jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", **described})
        for shown in schema.get("examples", ()):
            check.validate(shown)


def _lacking(described: Mapping[str, Any]) -> Iterator[str]:
    """The parameters that nothing explains, and the parameters and forms of which no reader sees a value."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            for one in operation.get("parameters", ()):
                if not (one.get("description") and _has_example(one["schema"], described)):
                    yield f"{method} {path}: {one['name']}"
            forms = [operation.get("requestBody", {}), *operation["responses"].values()]
            for kind, form in ((kind, form) for one in forms for kind, form in one.get("content", {}).items()):
                whole = not kind.endswith("json") or form["schema"].get("type") == "string"  # a page, or a file
                if not (whole or form.get("examples") or _has_example(form["schema"], described)):
                    yield f"{method} {path}: {form['schema']}"


def _has_example(schema: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Whether a reader sees a value: an example, one of a fixed set, a default, a whole number or a truth value."""
    if schema.keys() & {"examples", "enum", "const", "default"} or schema.get("type") in {"integer", "boolean"}:
        return True
    if "$ref" in schema:
        return _has_example(described["components"]["schemas"][schema["$ref"].rpartition("/")[2]], described)
    if "items" in schema:
        return _has_example(schema["items"], described)
    if "properties" in schema:
        return all(_has_example(schema["properties"][name], described) for name in schema.get("required", ()))
    return any(_has_example(one, described) for one in schema.get("anyOf", ()) if one != {"type": "null"})


def test_no_request_ends_in_a_fault(client: httpx.Client) -> None:
    schema = schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")
    headers = {"Authorization": client.headers["Authorization"]}
    tried = 0
    for found in schema.exclude(path=ENDLESS).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(max_examples=12, suppress_health_check=[*HealthCheck])
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        check()
        tried += 1
    assert tried > 35
