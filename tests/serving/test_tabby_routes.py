"""Tabby's protocol over HTTP: completions on the path that it shares with OpenAI's, and what becomes of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from dlcodegen_core import DLCodeGen
from dlcodegen_core.serving import event_routes, openai_routes, tabby_routes
from dlcodegen_core.serving.served import served_completions
from tests.serving.base_service import base_client

PREFIX = "class Box:\n    def __init__(self, x):\n        self.x = x\n\n    def get(self):\n        return "


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    routes = [*openai_routes.ROUTES, *tabby_routes.ROUTES, *event_routes.ROUTES]
    with base_client(tmp_path_factory.mktemp("tabby") / "home", routes) as client:
        yield client


def complete(client: TestClient, prefix: str = PREFIX, **segments: Any) -> dict[str, Any]:
    body = {"language": "python", "segments": {"prefix": prefix, **segments}, "user": "ann"}
    answer = client.post("/v1/completions", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tell(client: TestClient, kind: str, completion_id: str, query: str = "", choice: int = 0) -> int:
    body = {"type": kind, "completion_id": completion_id, "choice_index": choice, "view_id": "view-1", "elapsed": 300}
    return client.post(f"/v1/events{query}", json=body).status_code


def test_segments_are_completed_in_tabbys_shape(client: TestClient) -> None:
    told = complete(client, suffix="\n\n")
    assert set(told) == {"id", "choices"}
    (choice,) = told["choices"]
    assert set(choice) == {"index", "text"} and choice["text"]
    assert "\n\n" not in choice["text"]


def test_an_empty_file_has_an_empty_completion(client: TestClient) -> None:
    assert complete(client, "", suffix="x = 1\n")["choices"] == [{"index": 0, "text": ""}]


def test_an_acceptance_is_kept_once_and_teaches(client: TestClient) -> None:
    feedback = DLCodeGen.get_instance().feedback
    told = complete(client, f"# accepted\n{PREFIX}")
    assert tell(client, "view", told["id"]) == 200
    assert feedback.events() == []
    assert [tell(client, kind, told["id"]) for kind in ("select", "select", "dismiss")] == [200] * 3
    (event,) = feedback.events()
    assert (event.outcome, event.user, event.version, event.source) == ("accepted", "ann", "base", "http")
    assert (event.prompt, event.completion) == (f"# accepted\n{PREFIX}", told["choices"][0]["text"])
    assert feedback.memory.find(f"# accepted\n{PREFIX}")


def test_a_dismissal_is_a_rejection(client: TestClient) -> None:
    told = complete(client, f"# dismissed\n{PREFIX}")
    assert tell(client, "dismiss", told["id"]) == 200
    assert DLCodeGen.get_instance().feedback.events()[0].outcome == "rejected"


def test_a_line_taken_out_of_several_is_an_edit(client: TestClient) -> None:
    methods = f"{PREFIX}self.x\n\n    def set(self, x):\n        self.x = x\n\n    def "
    told = client.post("/v1/completions", json={"prompt": methods, "max_tokens": 40}).json()
    text = told["choices"][0]["text"]
    assert "\n" in text.strip()
    assert tell(client, "select", told["id"], "?select_kind=line") == 200
    event = DLCodeGen.get_instance().feedback.events()[0]
    assert (event.outcome, event.completion) == ("edited", text)
    assert event.correction == text.split("\n")[0]


def test_an_id_that_is_not_known_here_is_answered_and_counted(client: TestClient) -> None:
    before = served_completions.unknown
    assert tell(client, "select", "cmpl-of-another-worker") == 200
    assert served_completions.unknown == before + 1


def test_a_choice_that_was_not_offered_is_refused(client: TestClient) -> None:
    assert tell(client, "select", complete(client)["id"], choice=1) == 400


def test_a_client_finds_a_server(client: TestClient) -> None:
    for answer in (client.get("/v1/health"), client.post("/v1/health")):
        assert (answer.json()["model"], answer.json()["device"]) == ("base", "cpu")
    assert client.get("/v1beta/server_setting").json() == {"disable_client_side_telemetry": True}


def test_a_body_with_neither_prompt_nor_segments_is_refused_in_words(client: TestClient) -> None:
    answer = client.post("/v1/completions", json={"language": "python"})
    assert answer.status_code == 400
    assert "lacks prompt" in answer.json()["error"]["message"]
