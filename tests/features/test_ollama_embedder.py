"""Ollama in all its moods, played by a small server on this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from dlcodegen_core.errors import EmbedderUnavailable, EmbeddingError, EmbeddingModelMissing
from dlcodegen_core.features.ollama_embedder import CONTEXT_TOKENS, MAX_CHARACTERS, OllamaEmbedder

DIGEST = "a" * 64


class Playing:
    """What the server answers to /api/embed, one answer after the other; the last one stays."""

    def __init__(self, *answers, models=("m:latest",)):
        self.answers = list(answers)
        self.models = models
        self.requests = []
        self.released = threading.Event()

    def embed(self, body):
        self.requests.append(body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(body) if callable(answer) else answer


def vectors(size=768):
    def answer(body):
        rows = np.random.default_rng(0).normal(size=(len(body["input"]), size)).tolist()
        return 200, json.dumps({"model": "m", "embeddings": rows}).encode()

    return answer


@pytest.fixture
def play():
    servers, embedders = [], []

    def start(playing):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                models = [
                    {"model": name, "name": name, "digest": DIGEST, "size": 1, "modified_at": "2026-01-01T00:00:00Z"}
                    for name in playing.models
                ]
                self.answer(200, json.dumps({"models": models}).encode())

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(*playing.embed(body))

            def answer(self, status, content):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append((server, playing))
        slept = []
        embedder = OllamaEmbedder(f"http://127.0.0.1:{server.server_port}", "m", 0.5, slept.append)
        embedder.slept = slept
        embedders.append(embedder)
        return embedder

    yield start
    for embedder in embedders:
        embedder.close()
    for server, playing in servers:
        playing.released.set()
        server.shutdown()
        server.server_close()


def test_longer_vectors_are_cut_to_384_and_scaled(play):
    found = play(Playing(vectors())).embed(["a", "b"])
    assert found.shape == (2, 384)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_many_texts_go_in_batches(play):
    playing = Playing(vectors())
    assert play(playing).embed([f"text {number}" for number in range(70)]).shape == (70, 384)
    assert [len(request["input"]) for request in playing.requests] == [32, 32, 6]


def test_a_long_text_keeps_its_end_and_asks_for_a_context_that_all_models_have(play):
    playing = Playing(vectors())
    play(playing).embed(["x" * 5000 + "the end"])
    (request,) = playing.requests
    assert request["input"][0].endswith("the end") and len(request["input"][0]) == MAX_CHARACTERS
    assert request["options"]["num_ctx"] == CONTEXT_TOKENS


def test_the_identity_names_the_model_and_its_digest(play):
    assert play(Playing(vectors())).identity == f"ollama:m:{DIGEST[:12]}"


def test_a_missing_model_gives_the_exact_line_to_run(play):
    with pytest.raises(EmbeddingModelMissing, match="`ollama pull m`"):
        _ = play(Playing(vectors(), models=("other:latest",))).identity


def test_a_model_that_goes_missing_later_gives_it_too(play):
    with pytest.raises(EmbeddingModelMissing, match="`ollama pull m`"):
        play(Playing((404, b'{"error": "model not found"}'))).embed(["a"])


def test_a_passing_failure_is_tried_again_with_growing_pauses(play):
    embedder = play(Playing((500, b"{}"), (503, b"{}"), vectors()))
    assert embedder.embed(["a"]).shape == (1, 384)
    pauses = [pause for pause in embedder.slept if pause]
    assert pauses == sorted(pauses) and len(pauses) == 2


def test_a_lasting_failure_is_told(play):
    with pytest.raises(EmbedderUnavailable, match="keeps failing"):
        play(Playing((500, b'{"error": "out of memory"}'))).embed(["a"])


def test_a_refusal_is_not_tried_again(play):
    playing = Playing((400, b'{"error": "input too long"}'))
    with pytest.raises(EmbeddingError, match="input too long"):
        play(playing).embed(["a"])
    assert len(playing.requests) == 1


def test_a_hanging_server_is_given_up(play):
    playing = Playing(lambda _body: (playing.released.wait(30), (200, b"{}"))[1])
    with pytest.raises(EmbedderUnavailable, match="did not answer within"):
        play(playing).embed(["a"])


@pytest.mark.parametrize("content", [b"<html>", b"[1, 2]", b'{"embeddings": "no"}', b'{"embeddings": [["x"]]}'])
def test_garbage_is_told_as_such(play, content):
    with pytest.raises(EmbeddingError):
        play(Playing((200, content))).embed(["a"])


def test_too_few_vectors_are_refused(play):
    one = json.dumps({"embeddings": [[1.0] * 384]}).encode()
    with pytest.raises(EmbeddingError, match="1 vectors for 2 texts"):
        play(Playing((200, one))).embed(["a", "b"])


def test_vectors_of_a_wrong_length_are_refused_in_the_middle_too(play):
    uneven = json.dumps({"embeddings": [[1.0] * 384, [1.0] * 100]}).encode()
    with pytest.raises(EmbeddingError, match="different lengths"):
        play(Playing((200, uneven))).embed(["a", "b"])


def test_short_vectors_are_refused(play):
    with pytest.raises(EmbeddingError, match="at least 384"):
        play(Playing(vectors(size=128))).embed(["a"])


def test_a_server_that_is_down_says_where_and_what_to_do():
    with pytest.raises(EmbedderUnavailable, match=r"127\.0\.0\.1:1\b.*ollama serve"):
        OllamaEmbedder("http://127.0.0.1:1", "m", sleep=lambda _: None).embed(["a"])
