"""The OpenAPI document tells of every route and of no other, and its page shows all of it safely."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlcodegen_core.serving.api_page import POLICY, html_page
from dlcodegen_core.serving.openapi import OPERATIONS, document
from dlcodegen_core.serving.routes import routes


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes()), base_url="http://127.0.0.1") as client:
        yield client


def test_it_tells_of_every_route_and_of_no_other() -> None:
    served = {(method, route.path) for route in routes() for method in (route.methods or ()) if method != "HEAD"}
    assert {(operation.method, operation.path) for operation in OPERATIONS} == served


def test_it_is_a_valid_openapi_document() -> None:
    schemathesis.openapi.from_dict(document()).validate()


def test_no_two_operations_share_an_id() -> None:
    names = [operation.id for operation in OPERATIONS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.example is not None], ids=lambda each: each.id
)
def test_an_example_fits_its_own_schema(operation: Any) -> None:
    jsonschema.Draft202012Validator(operation.body).validate(operation.example)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_an_example_of_a_reply_fits_its_schema(operation: Any) -> None:
    for reply in operation.replies:
        if reply.example is not None:
            jsonschema.Draft202012Validator(next(iter(reply.content.values()))).validate(reply.example)


def test_every_field_and_every_default_that_is_told_is_one_of_the_kind_it_has() -> None:
    for schema in _schemas(document()["paths"]):
        jsonschema.Draft202012Validator.check_schema(schema)
        if "default" in schema:
            jsonschema.Draft202012Validator(schema).validate(schema["default"])


def test_the_options_of_a_prediction_are_those_that_are_read() -> None:
    from dlcodegen_core.serving.described import design
    from dlcodegen_core.serving.design_routes import PREDICT_OPTIONS, WHO_ASKS

    assert set(design.QUESTION) == PREDICT_OPTIONS | {"prompt", "context"}
    assert set(design.WHO_ASKS) == WHO_ASKS


def test_the_options_of_a_training_are_those_that_are_read() -> None:
    from dlcodegen_core.config import TrainConfig
    from dlcodegen_core.serving.described import design
    from dlcodegen_core.serving.training_asked import DESIGN_NAMES, EMBEDDING_DIM

    told = set(design.CONFIG["properties"])
    assert told == {*TrainConfig().to_json(), *DESIGN_NAMES, EMBEDDING_DIM}


def test_the_fields_of_feedback_are_those_that_are_read() -> None:
    from dlcodegen_core.serving.feedback_routes import NEEDED, OPTIONS

    body = document()["paths"]["/api/dl-codegen/feedback"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    assert (set(body["required"]), set(body["properties"])) == (set(NEEDED), {*NEEDED, *OPTIONS})


def test_the_document_is_served(client: TestClient) -> None:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.json()) == (200, document())


def test_the_page_names_every_route_with_a_command_for_this_address(client: TestClient) -> None:
    answer = client.get("/docs/api")
    assert answer.headers["content-security-policy"] == POLICY
    assert "http://127.0.0.1/v1/completions" in answer.text
    assert set(re.findall(r'<article id="(\w+)"', answer.text)) == {operation.id for operation in OPERATIONS}
    assert set(re.findall(r'href="#(\w+)"', answer.text)) == {operation.id for operation in OPERATIONS}


def test_the_page_asks_for_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs/api").text
    assert re.findall(r'(?:src|href)="(?!#|/openapi\.json")[^"]*"|url\(|@import', page) == []


def test_another_host_gets_neither(client: TestClient) -> None:
    for path in ("/openapi.json", "/docs/api"):
        answer = client.get(path, headers={"host": "evil.example"})
        assert answer.status_code in (400, 403)
        assert "evil.example" in answer.json()["error"]


def test_what_the_document_says_is_never_markup_on_the_page() -> None:
    evil = "<script>alert(1)</script>"
    hostile = json.loads(json.dumps(document()).replace("Complete code", evil.replace("/", "\\/")))
    page = html_page(hostile, "http://127.0.0.1:8600'\"<b>")
    assert evil not in page and "&lt;script&gt;alert(1)" in page
    assert "<b>" not in page


def _schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema of the document, inner ones included."""
    if isinstance(part, dict):
        if isinstance(schema := part.get("schema"), dict):
            yield from _inner(schema)
        for value in part.values():
            yield from _schemas(value)
    elif isinstance(part, list):
        for value in part:
            yield from _schemas(value)


def _inner(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    parts = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), schema.get("items")]
    for part in parts:
        if isinstance(part, dict):
            yield from _inner(part)
