"""The datasets of the first launch."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dlcodegen_core.data.demo import (
    EXAMPLE_NAME,
    EXAMPLE_PAIRS,
    LIBRARY_NAME,
    PAIRS_PER_FILE,
    ensure_demo_datasets,
    standard_library_pairs,
)
from dlcodegen_core.data.pairs import Pair, check_pairs
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.storage.database import open_database


@pytest.fixture(scope="module")
def library() -> list[Pair]:
    return standard_library_pairs()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DatasetStore]:
    engine = open_database(f"sqlite:///{tmp_path / 'workbench.sqlite'}")
    yield DatasetStore(engine)
    engine.dispose()


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def test_the_library_gives_as_many_sound_pairs_as_asked_for(library: list[Pair]) -> None:
    check_pairs(library, LIBRARY_NAME)
    assert len(library) == 2000
    assert len({(pair.prompt, pair.target) for pair in library}) == 2000


def test_many_files_contribute_none_too_much(library: list[Pair]) -> None:
    counts = Counter(pair.source for pair in library)
    assert len(counts) >= 30
    assert max(counts.values()) <= PAIRS_PER_FILE


def test_the_same_seed_gives_the_same_pairs_and_another_others(library: list[Pair]) -> None:
    assert standard_library_pairs() == library
    assert standard_library_pairs(seed=1) != library


def test_the_prompt_is_what_stands_before_the_target_in_its_file(library: list[Pair]) -> None:
    root = Path(ast.__file__).parent
    for pair in library[::100]:
        assert pair.source is not None
        assert pair.line is not None
        lines = (root / pair.source).read_text().split("\n")
        assert (pair.prompt + pair.target).endswith("\n" + lines[pair.line - 1].rstrip())
        assert (pair.prompt + pair.target).startswith(lines[pair.line - 1 - pair.prompt.count("\n")])


def test_docstrings_comments_blank_and_overlong_lines_are_no_targets(tmp_path: Path) -> None:
    lines = ["import os", "", "# a comment", "def f():", '    """Doc', '    string."""', "    x = 1", ""]
    _write(tmp_path, "code.py", "\n".join([*lines, f"    y = {'1' * 200}", "    return x", ""]))
    pairs = standard_library_pairs(lines_before=1, folder=tmp_path)
    assert [pair.target for pair in pairs] == ["def f():", "x = 1", "return x"]


def test_tests_caches_and_packages_are_not_read(tmp_path: Path) -> None:
    code = "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\n"
    for name in ("good.py", "test/bad.py", "site-packages/deep/bad.py", "pkg/tests/bad.py", "idlelib/bad.py"):
        _write(tmp_path, name, code)
    assert {pair.source for pair in standard_library_pairs(folder=tmp_path)} == {"good.py"}


def test_files_that_are_not_sound_python_are_passed_over(tmp_path: Path) -> None:
    _write(tmp_path, "good.py", "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\n")
    _write(tmp_path, "broken.py", "def f(:\n" * 20)
    (tmp_path / "binary.py").write_bytes(b"x = '\xff\xfe'\n" * 20)
    assert {pair.source for pair in standard_library_pairs(folder=tmp_path)} == {"good.py"}


def test_without_any_source_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Upload a dataset of your own"):
        standard_library_pairs(folder=tmp_path / "python311.zip")


def test_the_first_launch_makes_both_datasets_and_the_second_none(store: DatasetStore) -> None:
    ensure_demo_datasets(store)
    ensure_demo_datasets(store)
    assert {info.name: info.pair_count for info in store.infos()} == {EXAMPLE_NAME: 3, LIBRARY_NAME: 2000}
    assert store.pairs(EXAMPLE_NAME) == list(EXAMPLE_PAIRS)


def test_a_deleted_or_renamed_demo_dataset_does_not_come_back(store: DatasetStore) -> None:
    ensure_demo_datasets(store)
    store.delete(EXAMPLE_NAME)
    store.rename(LIBRARY_NAME, "mine")
    ensure_demo_datasets(store)
    assert [info.name for info in store.infos()] == ["mine"]


def test_a_persons_own_dataset_of_that_name_is_left_alone(store: DatasetStore) -> None:
    store.create(EXAMPLE_NAME, [Pair("my", "own")])
    ensure_demo_datasets(store)
    assert store.pairs(EXAMPLE_NAME) == [Pair("my", "own")]
