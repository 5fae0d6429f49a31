"""llama.cpp's protocol over HTTP, with a real model behind it."""

import json
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from dlcodegen_core.serving import llama_cpp_routes
from tests.serving.base_service import base_client
from tests.serving.wire.llama_vim_request import LLAMA_VIM

BODY = {key: value for key, value in LLAMA_VIM.items() if key != "response_fields"}
# After these the model goes on with more methods.
METHODS = {
    "input_prefix": "class Box:\n    def __init__(self, x):\n        self.x = x\n\n    def get(self):\n"
    "        return self.x\n\n    def set(self, x):\n",
    "prompt": "        ",
    "n_predict": 60,
    "stop": ["never written"],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with base_client(tmp_path_factory.mktemp("llama") / "home", llama_cpp_routes.ROUTES) as client:
        yield client


def test_llama_vim_gets_what_it_looks_for(client: TestClient) -> None:
    answer = client.post("/infill", json=LLAMA_VIM)
    assert answer.status_code == 200
    assert set(answer.json()) == set(LLAMA_VIM["response_fields"])
    # Its own test of a reply, before it reads the JSON: on one line, and no blank before the string.
    assert re.search(r'^\s*\{.*"content"\s*:"', answer.text)
    assert answer.json()["content"].startswith("urn")
    assert answer.json()["timings/predicted_n"] > 0 and answer.json()["timings/prompt_ms"] > 0


def test_the_whole_reply_tells_which_version_answered_and_how_fast(client: TestClient) -> None:
    told = client.post("/infill", json=BODY).json()
    assert (told["model"], told["stop"], told["truncated"]) == ("base", True, False)
    assert told["tokens_predicted"] == told["timings"]["predicted_n"]
    assert told["generation_settings"]["n_predict"] == 128


def test_a_stream_adds_up_to_the_whole_reply(client: TestClient) -> None:
    body = {**BODY, "n_predict": 30, "t_max_predict_ms": 0}
    whole = client.post("/infill", json=body).json()
    answer = client.post("/infill", json={**body, "stream": True})
    told = [json.loads(part.removeprefix("data: ")) for part in answer.text.split("\n\n") if part]
    assert "".join(each["content"] for each in told) == whole["content"]
    assert [each["stop"] for each in told] == [False] * (len(told) - 1) + [True]


def test_no_line_is_indented_less_than_was_asked_for(client: TestClient) -> None:
    free, bound = ({**METHODS, "n_indent": indent, "t_max_predict_ms": 0} for indent in (0, 8))
    assert re.search(r"\n {4}def", client.post("/infill", json=free).json()["content"])
    told = client.post("/infill", json=bound).json()
    assert told["content"].strip() and told["stop_type"] == "limit"
    assert not re.search(r"\n {0,7}\S", told["content"])


def test_without_a_stop_string_it_ends_with_its_paragraph(client: TestClient) -> None:
    whole = client.post("/infill", json=METHODS).json()["content"]
    told = client.post("/infill", json={**METHODS, "stop": []}).json()
    assert told["content"] == whole.split("\n\n")[0] != whole
    assert told["stop_type"] == "eos"


def test_it_ends_when_its_time_is_up_and_a_line_is_whole(client: TestClient) -> None:
    other = {**METHODS, "input_prefix": f"# nobody has asked this before\n{METHODS['input_prefix']}"}
    hurried = client.post("/infill", json={**other, "t_max_predict_ms": 0.01}).json()
    patient = client.post("/infill", json={**other, "t_max_predict_ms": 0}).json()
    assert hurried["stop_type"] == "limit" and "\n" in hurried["content"]
    assert patient["content"].startswith(hurried["content"])
    assert hurried["tokens_predicted"] < patient["tokens_predicted"]


def test_a_request_ahead_of_time_gets_the_model_ready(client: TestClient) -> None:
    ring = {**LLAMA_VIM, "n_predict": 0, "prompt": "", "input_prefix": "", "input_suffix": "", "response_fields": [""]}
    assert client.post("/infill", json=ring).json() == {}
    told = client.post("/infill", json={**ring, "response_fields": None, "stream": True})
    assert json.loads(told.text.removeprefix("data: "))["stop"] is True


def test_a_prompt_is_completed(client: TestClient) -> None:
    told = client.post("/completion", json={"prompt": "import os\nimport ", "n_predict": 4, "stop": ["\n"]}).json()
    assert told["content"] and "\n" not in told["content"]


def test_the_properties_say_how_much_is_read(client: TestClient) -> None:
    told = client.get("/props").json()
    assert told["default_generation_settings"]["n_ctx"] == 4096
    assert told["model_alias"] == "base"


def test_errors_have_the_servers_shape(client: TestClient) -> None:
    answer = client.post("/infill", json={**BODY, "n_indent": "four"})
    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": 400,
        "message": "n_indent is 'four'. Use a whole number from 0 to 1,000.",
        "type": "invalid_request_error",
    }
