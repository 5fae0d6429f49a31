"""A generating model on an Ollama server, played by a small server on this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dlcodegen_core.errors import EmbedderUnavailable, ModelError
from dlcodegen_core.evaluation.baselines.ollama_lines import OllamaLines, find_generating_model

COMPLETES, EMBEDS = {"capabilities": ["completion"]}, {"capabilities": ["embedding"]}


class Playing:
    """The models a server has, what it says of them, and how it answers to /api/generate."""

    def __init__(self, models=(), answer=(200, {"response": "value + 1"})):
        self.models = dict(models)  # name -> (size, what /api/show says)
        self.answer = answer
        self.requests = []
        self.released = threading.Event()

    def reply(self, path, body):
        if path == "/api/tags":
            return 200, {"models": [{"model": name, "size": size} for name, (size, _shown) in self.models.items()]}
        if path == "/api/show":
            shown = self.models[body["model"]][1]
            return 200, {"model_info": {}, **shown} if isinstance(shown, dict) else shown
        self.requests.append(body)
        return self.answer(self) if callable(self.answer) else self.answer


@pytest.fixture
def play():
    started = []

    def start(playing):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send(*playing.reply(self.path, {}))

            def do_POST(self):
                self.send(*playing.reply(self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

            def send(self, status, value):
                content = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append((server, playing))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, playing in started:
        playing.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def ask(play):
    """Asks a system on a played server to complete a prompt."""
    systems = []

    def complete(playing, prompt="return "):
        systems.append(OllamaLines(play(playing), "m", 0.5))
        return systems[-1].complete(prompt)

    yield complete
    for system in systems:
        system.close()


def test_the_prompts_end_goes_out_raw_and_greedy(ask):
    playing = Playing()
    guess = ask(playing, "x" * 5000 + "return ")
    assert (guess.text, guess.confidence) == ("value + 1", None)
    (request,) = playing.requests
    assert request["raw"] is True and request["stream"] is False
    assert request["prompt"].endswith("return ") and len(request["prompt"]) == 1500
    assert request["options"]["stop"] == ["\n"]
    assert (request["options"]["temperature"], request["options"]["num_predict"]) == (0, 40)


def test_the_guess_is_one_line(ask):
    assert ask(Playing(answer=(200, {"response": "a  \nb"}))).text == "a"


def test_a_lone_surrogate_is_sent_as_a_question_mark(ask):
    playing = Playing()
    ask(playing, "a\ud800")
    assert playing.requests[0]["prompt"] == "a?"


@pytest.mark.parametrize(
    "answer", [(404, {"error": "no such model"}), (500, {"error": "out of memory"}), (200, b"<p>")]
)
def test_a_refusal_or_garbage_is_told(ask, answer):
    with pytest.raises(ModelError):
        ask(Playing(answer=answer))


def test_a_hanging_server_is_given_up(ask):
    with pytest.raises(EmbedderUnavailable, match=r"within 0.5 s"):
        ask(Playing(answer=lambda playing: (playing.released.wait(30), (200, {}))[1]))


def test_a_server_that_is_down_is_told():
    system = OllamaLines("http://127.0.0.1:1", "m")
    with pytest.raises(EmbedderUnavailable, match="no longer answers"):
        system.complete("a")
    system.close()


def test_only_models_that_generate_are_found(play):
    assert find_generating_model(play(Playing({"e": (1, EMBEDS)}))) is None
    assert find_generating_model(play(Playing({"e": (1, EMBEDS), "big": (9, COMPLETES), "small": (5, COMPLETES)}))) == (
        "small"
    )


def test_a_model_made_for_code_is_preferred(play):
    assert find_generating_model(play(Playing({"a": (1, COMPLETES), "qwen-coder": (9, COMPLETES)}))) == "qwen-coder"


def test_servers_without_capabilities_are_told_by_family(play):
    models = {
        "all-minilm": (1, {"details": {"family": "bert", "families": ["bert"]}}),
        "nomic": (2, {"details": {"family": "nomic-bert", "families": None}}),
        "llama": (3, {"details": {"family": "llama", "families": ["llama"]}}),
    }
    assert find_generating_model(play(Playing(models))) == "llama"


@pytest.mark.parametrize("shown", [b"<html>", b"[]"])
def test_garbage_is_no_model(play, shown):
    assert find_generating_model(play(Playing({"m": (1, shown)}))) is None


def test_no_server_is_no_model():
    assert find_generating_model("http://127.0.0.1:1", seconds=0.3) is None


@pytest.mark.parametrize("host", ["http://example.invalid:11434", "http://10.0.0.7:11434", "http://", "http://[::"])
def test_another_machine_is_never_asked(host, monkeypatch):
    import ollama

    monkeypatch.setattr(ollama, "Client", lambda *_args, **_options: pytest.fail("asked"))
    assert find_generating_model(host) is None
