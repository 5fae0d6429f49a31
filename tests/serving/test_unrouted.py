"""Where no route takes a request, a sentence says so, as JSON."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dlcodegen_core.serving.routes import routes
from dlcodegen_core.serving.unrouted import HANDLERS


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = Starlette(routes=routes(), exception_handlers=HANDLERS)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize("path", ["/nothing", "/api/dl-codegen/feedback/one", "/<b>"])
def test_an_address_that_there_is_not_is_told(client: TestClient, path: str) -> None:
    answer = client.delete(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
    assert answer.json() == {"error": "There is nothing at this address. GET /docs/api lists what there is."}


def test_another_method_is_told_and_so_is_the_one_that_is_answered(client: TestClient) -> None:
    answer = client.delete("/v1/completions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"].startswith("DELETE is not answered here.")
