"""Atomic writing: the old content or the new, never a half."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.errors import StorageError
from dlcodegen_core.storage.files import disk_errors, move, new_folder, write_atomically, write_json_atomically


def _refuse(*_args: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "model.bin"
    write_atomically(file, b"old")
    write_atomically(file, b"new")
    assert file.read_bytes() == b"new"
    assert os.listdir(file.parent) == ["model.bin"]  # noqa: PTH208  # hidden files count


@pytest.mark.parametrize("step", ["fsync", "fdopen"])
def test_a_full_disk_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    file = tmp_path / "model.bin"
    write_atomically(file, b"old")
    monkeypatch.setattr(os, step, _refuse)
    with pytest.raises(StorageError, match=r"model\.bin could not be saved: No space left on device"):
        write_atomically(file, b"new")
    monkeypatch.undo()
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["model.bin"]


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StorageError, match="could not be saved"):
        write_atomically(tmp_path / "home" / "model.bin", b"x")


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers() | st.booleans()))
def test_json_reads_back_the_same(tmp_path_factory: pytest.TempPathFactory, value: dict[str, int]) -> None:
    file = tmp_path_factory.getbasetemp() / "value.json"
    write_json_atomically(file, value)
    assert json.loads(file.read_text()) == value


def test_nan_is_no_json_and_leaves_the_old_file(tmp_path: Path) -> None:
    write_json_atomically(tmp_path / "a.json", [1])
    with pytest.raises(ValueError, match="JSON"):
        write_json_atomically(tmp_path / "a.json", [float("nan")])
    assert (tmp_path / "a.json").read_text().split() == ["[", "1", "]"]


def test_a_new_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "versions" / "v1"
    with new_folder(target) as folder:
        (folder / "weights").write_bytes(b"w")
        assert not target.exists()
    assert (target / "weights").read_bytes() == b"w"
    assert [path.name for path in target.parent.iterdir()] == ["v1"]


def test_a_folder_whose_making_fails_vanishes(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_folder(tmp_path / "v1") as folder:
        (folder / "weights").write_bytes(b"w")
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "old").write_text("old")
    with pytest.raises(StorageError, match="v1 could not be saved"), new_folder(tmp_path / "v1") as folder:
        (folder / "new").write_text("new")
    assert [path.name for path in tmp_path.rglob("*")] == ["v1", "old"]


def test_errors_of_the_program_pass_untranslated() -> None:
    with pytest.raises(KeyError), disk_errors("x"):
        raise KeyError


def test_a_folder_is_moved_in_one_step_but_not_over_another(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "a").touch()
    move(tmp_path / "v1", tmp_path / "trash" / "v1")
    assert (tmp_path / "trash" / "v1" / "a").is_file() and not (tmp_path / "v1").exists()
    (tmp_path / "v1").mkdir()
    with pytest.raises(StorageError, match="v1 could not be saved"):
        move(tmp_path / "v1", tmp_path / "trash" / "v1")
