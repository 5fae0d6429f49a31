"""Dataset files in the seed format."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data import formats
from dlcodegen_core.data.demo import EXAMPLE_PAIRS
from dlcodegen_core.data.formats import read_dataset, read_dataset_file, write_dataset
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)
pairs = st.builds(
    Pair, texts, texts, st.none() | st.just("python"), st.none() | texts, st.none() | st.integers(0, 2**31 - 1)
)


@given(st.lists(pairs, min_size=1, max_size=8))
def test_whatever_is_written_reads_back_the_same(written: list[Pair]) -> None:
    assert read_dataset(write_dataset(written), "data.json") == written


def test_the_seed_documents_own_example_is_read() -> None:
    content = json.dumps(
        {"inputs": [pair.prompt for pair in EXAMPLE_PAIRS], "targets": [pair.target for pair in EXAMPLE_PAIRS]}
    )
    read = read_dataset(content.encode(), "codesnippets.json")
    assert [(pair.prompt, pair.target) for pair in read] == [(pair.prompt, pair.target) for pair in EXAMPLE_PAIRS]


def test_extra_arrays_are_written_only_where_a_pair_has_one() -> None:
    assert set(json.loads(write_dataset([Pair("a", "b")]))) == {"inputs", "targets"}
    assert json.loads(write_dataset([Pair("a", "b", "go"), Pair("c", "d")]))["languages"] == ["go", None]


def test_a_byte_order_mark_is_fine() -> None:
    assert read_dataset(b"\xef\xbb\xbf" + write_dataset([Pair("a", "b")]), "data.json") == [Pair("a", "b")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"inputs": [1,]}', r"not JSON: .* line 1, column \d+"),
        (b'{"inputs": ["\xff"]}', "not UTF-8"),
        ('{"inputs": []}'.encode("utf-16"), "not UTF-8"),
        (b'[{"input": "a"}]', r'is a list; one object is expected, such as \{"inputs"'),
        (b"null", "is null"),
        (b"[" * 200_000, "nests too deeply"),
        (b'{"input": ["a"], "targets": ["b"]}', "lacks inputs; it has input, targets"),
        (b"{}", "lacks inputs and targets; it has nothing"),
        (b'{"inputs": "a", "targets": ["b"]}', "inputs is a text, not an array"),
        (b'{"inputs": ["a", "b"], "targets": ["c"]}', "inputs has 2, targets has 1"),
        (b'{"inputs": ["a"], "targets": ["b"], "lines": []}', "lines has 0"),
        (b'{"inputs": ["a", NaN], "targets": ["b", "c"]}', "pair 2: prompt is float"),
        (b'{"inputs": ["a"], "targets": [null]}', "pair 1: target is NoneType"),
        (b'{"inputs": ["a"], "targets": ["b"], "lines": [true]}', "pair 1: lines holds True"),
        (b'{"inputs": ["\\ud800"], "targets": ["b"]}', "half of a character"),
        (b'{"inputs": [], "targets": []}', "not a single pair"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_fault(content: bytes, told: str) -> None:
    with pytest.raises(DatasetError, match=rf"(?s)^data\.json.*{told}"):
        read_dataset(content, "data.json")


def test_a_file_is_read_from_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_bytes(write_dataset(EXAMPLE_PAIRS))
    assert read_dataset_file(file) == list(EXAMPLE_PAIRS)


def test_what_is_not_a_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        read_dataset_file(tmp_path / "data.json")
    with pytest.raises(DatasetError, match="is a folder"):
        read_dataset_file(tmp_path)
    with pytest.raises(DatasetError, match="a device or a pipe"):
        read_dataset_file(Path("/dev/zero"))
    with pytest.raises(DatasetError, match="cannot be a path"):
        read_dataset_file(Path("a\0b"))


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "data.json").write_text("{}")
    monkeypatch.setattr(Path, "read_bytes", refuse)  # the tests may run as root, whom no permission stops
    with pytest.raises(DatasetError, match=r"cannot be read: Permission denied"):
        read_dataset_file(tmp_path / "data.json")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_FILE_BYTES", 1_000_000)
    (tmp_path / "data.json").write_bytes(b" " * 1_000_001)
    with pytest.raises(DatasetError, match="larger than 1 MB"):
        read_dataset_file(tmp_path / "data.json")
