"""Who may build and who may read, as two processes see it."""

import threading
from pathlib import Path

import pytest

from dlcodegen_core.errors import RetrievalError, StorageError
from dlcodegen_core.retrieval.index_locks import IndexLocks


def test_one_builds_at_a_time_and_others_see_it(tmp_path: Path) -> None:
    one, other = IndexLocks(tmp_path), IndexLocks(tmp_path)
    assert not other.is_building("key")
    with one.building("key", "mine"):
        assert other.is_building("key")
        assert not other.is_building("another key")
        with (
            pytest.raises(RetrievalError, match=r"mine: its index is being built already"),
            other.building("key", "mine"),
        ):
            pass
    assert not other.is_building("key")
    with other.building("key", "mine"):
        assert one.is_building("key")


def test_readers_do_not_wait_for_each_other_but_a_build_waits_for_them(tmp_path: Path) -> None:
    one, other = IndexLocks(tmp_path), IndexLocks(tmp_path)
    began = threading.Event()

    def build() -> None:
        with other.alone("mine"):
            began.set()

    with one.reading("mine"), other.reading("mine"):
        thread = threading.Thread(target=build)
        thread.start()
        assert not began.wait(0.1)
    assert began.wait(10)
    thread.join()


def test_looking_leaves_no_file(tmp_path: Path) -> None:
    IndexLocks(tmp_path / "chroma").is_building("key")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "chroma").write_text("a file where the folder should be")
    with (
        pytest.raises(StorageError, match="index of mine could not be saved"),
        IndexLocks(tmp_path / "chroma").reading("mine"),
    ):
        pass
