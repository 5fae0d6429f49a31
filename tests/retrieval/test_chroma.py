"""Chroma behind its own door: nothing from outside changes what it does, and a server that fails is told in words."""

import socket
from pathlib import Path

import numpy as np
import pytest

from dlcodegen_core.errors import RetrievalError
from dlcodegen_core.retrieval import chroma as module
from dlcodegen_core.retrieval.chroma import STAMP, Chroma

VECTORS = np.eye(3, 4, dtype=np.float32)


def test_vectors_come_back_with_what_is_written_on_them(tmp_path: Path) -> None:
    made = Chroma(tmp_path).create("vectors", {STAMP: "1"})
    made.add({"a": "1,2", "b": "3", "c": "4"}, VECTORS)
    made.relabel({"b": "3,5"})
    made.delete(["c"])
    made.settle()
    again = Chroma(tmp_path).collection("vectors")
    assert again is not None
    assert again.labels() == {"a": "1,2", "b": "3,5"}
    assert again.nearest(VECTORS[1], 5) == [("3,5", pytest.approx(1)), ("1,2", pytest.approx(0))]
    assert again.metadata == {STAMP: "1"}


def test_more_vectors_than_are_read_or_changed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_AT_ONCE", 7)
    monkeypatch.setattr(module, "CHANGED_AT_ONCE", 3)
    made = Chroma(tmp_path).create("vectors", {STAMP: "1"})
    labels = {str(number): "1" for number in range(20)}
    made.add(labels, np.eye(20, dtype=np.float32))
    made.relabel(dict.fromkeys(labels, "2"))
    assert made.labels() == dict.fromkeys(labels, "2")
    made.delete(list(labels)[:15])
    assert sorted(made.labels()) == sorted(list(labels)[15:])


def test_what_does_not_exist_is_not_made_by_looking(tmp_path: Path) -> None:
    chroma = Chroma(tmp_path / "chroma")
    assert not chroma.may_hold_something
    assert list(tmp_path.iterdir()) == []
    assert chroma.collection("vectors") is None
    assert chroma.metadata_of("") == []


def test_an_embedding_function_on_a_collection_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write to Chroma could name a model there, which would then be loaded."""
    import chromadb
    from chromadb.utils.embedding_functions import DefaultEmbeddingFunction

    used: list[str] = []

    chroma = Chroma(tmp_path)
    chroma.create("ours", {STAMP: "1"})
    client = chromadb.PersistentClient(tmp_path, settings=module._settings())
    client.create_collection("theirs", metadata={STAMP: "1"}, embedding_function=DefaultEmbeddingFunction())
    for name in ("__call__", "build_from_config"):
        monkeypatch.setattr(DefaultEmbeddingFunction, name, lambda *_given, name=name: used.append(name))
    theirs = Chroma(tmp_path).collection("theirs")
    assert theirs is not None
    theirs.add({"a": "1", "b": "2", "c": "3"}, VECTORS)
    assert theirs.nearest(VECTORS[0], 1)[0][0] == "1"
    theirs.relabel({"a": "4"})
    theirs.write({STAMP: "2"})
    assert theirs.labels() == {"a": "4", "b": "2", "c": "3"}
    assert used == []


def test_chromas_own_variables_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ANONYMIZED_TELEMETRY": "true",
        "CHROMA_SERVER_HOST": "elsewhere",
        "CHROMA_SERVER_HTTP_PORT": "1",
        "CHROMA_API_IMPL": "chromadb.api.fastapi.FastAPI",
        "CHROMA_OTEL_COLLECTION_ENDPOINT": "http://elsewhere",
        "PERSIST_DIRECTORY": str(tmp_path / "elsewhere"),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text("anonymized_telemetry=true\nchroma_server_nofile=many\n")
    monkeypatch.chdir(tmp_path)
    settings = module._settings()
    assert (settings.anonymized_telemetry, settings.chroma_otel_collection_endpoint) == (False, "")
    Chroma(tmp_path / "chroma").create("vectors", {STAMP: "1"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "chroma"]


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        chroma = Chroma(tmp_path, "127.0.0.1", probe.getsockname()[1])
        assert chroma.may_hold_something
        with pytest.raises(
            RetrievalError, match=r"ChromaDB at 127\.0\.0\.1:\d+ did not .*Start it there, or unset CHROMA_HOST"
        ):
            chroma.collection("vectors")


def test_a_server_that_never_answers_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        chroma = Chroma(tmp_path, "127.0.0.1", server.getsockname()[1])
        with pytest.raises(RetrievalError, match="timed out"):
            chroma.collection("vectors")


def test_errors_that_are_not_chromas_pass_through(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Chroma(tmp_path).errors():
        raise KeyboardInterrupt
