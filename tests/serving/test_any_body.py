"""Whatever JSON comes in whichever field: an answer, or a refusal in the protocol's shape; never a server's error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from dlcodegen_core.serving import event_routes, llama_cpp_routes, ollama_routes, openai_routes, tabby_routes
from tests.serving.base_service import base_client
from tests.serving.wire.llama_vim_request import LLAMA_VIM

MODULES = (openai_routes, tabby_routes, event_routes, llama_cpp_routes, ollama_routes)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 6)
    | st.sampled_from([2**40, -(2**70), 0.5, 1e308, float("nan"), float("-inf"), "", "\n", "\ud800", "\0", "x = "]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["text", "body", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)
# Bodies that are answered, by path.
PLAIN: dict[str, dict[str, Any]] = {
    "/v1/completions": {
        "model": "x", "prompt": "x = ", "suffix": "", "max_tokens": 2, "temperature": 0, "top_p": 1, "n": 1,
        "user": "a", "best_of": 1, "stop": ["\n"], "logprobs": None, "echo": False, "stream": False,
        "stream_options": {}, "seed": 1,
    },
    "/v1/completions?tabby": {
        "language": "python", "user": "a", "temperature": 0.1, "seed": 1, "segments": {"prefix": "x = ", "suffix": ""},
    },
    "/v1/embeddings": {"model": "x", "input": "x", "encoding_format": "float", "dimensions": 3},
    "/v1/events": {"type": "select", "completion_id": "cmpl-1", "choice_index": 0, "select_kind": "line"},
    "/infill": {**LLAMA_VIM, "n_predict": 2, "temperature": 0, "seed": 1},
    "/completion": {
        "prompt": "x = ", "input_prefix": "", "input_suffix": "", "n_predict": 2, "response_fields": ["a/b"],
    },
    "/api/generate": {
        "model": "base", "prompt": "x = ", "suffix": "", "stream": False, "options": {"num_predict": 2, "stop": ["\n"]},
    },
    "/api/embed": {"model": "base", "input": "x", "dimensions": 3},
    "/api/embeddings": {"model": "base", "prompt": "x"},
    "/api/show": {"model": "base", "name": "base"},
}  # fmt: skip


def _is_a_sentence(text: object) -> bool:
    return isinstance(text, str) and text.endswith(".") and "Traceback" not in text


def _is_refusal(path: str, told: dict[str, Any]) -> bool:
    """In the shape of the path's protocol."""
    if path.startswith("/api/"):
        return set(told) == {"error"} and _is_a_sentence(told["error"])
    inner = {"message", "type", "param", "code"} if path.startswith("/v1/") else {"code", "message", "type"}
    return set(told) == {"error"} and set(told["error"]) == inner and _is_a_sentence(told["error"]["message"])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    routes = [route for module in MODULES for route in module.ROUTES]
    with base_client(tmp_path_factory.mktemp("any") / "home", routes) as client:
        yield client


@pytest.mark.parametrize("path", sorted(PLAIN))
def test_the_plain_body_is_answered(client: TestClient, path: str) -> None:
    assert client.post(path, json=PLAIN[path]).status_code == 200


@pytest.mark.parametrize("path", sorted(PLAIN))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_in_any_field_is_answered_or_refused(client: TestClient, path: str, data: st.DataObject) -> None:
    body = dict(PLAIN[path])
    for field in data.draw(st.sets(st.sampled_from(sorted(body)), min_size=1, max_size=3)):
        inside = isinstance(body[field], dict) and body[field] and data.draw(st.booleans())
        if inside:
            body[field] = {**body[field], data.draw(st.sampled_from(sorted(body[field]))): data.draw(VALUES)}
        else:
            body[field] = data.draw(VALUES)
    answer = client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400, 404), answer.text
    if answer.status_code != 200:
        assert _is_refusal(path, answer.json()), answer.text


@pytest.mark.parametrize("path", sorted(PLAIN))
@pytest.mark.parametrize("content", [b"", b"[]", b"3", b"{", b"\xff{}", b'{"a":' * 3000, b'"x"'])
def test_what_is_no_object_is_refused(client: TestClient, path: str, content: bytes) -> None:
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and _is_refusal(path, answer.json())
