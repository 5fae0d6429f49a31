"""What holds for every format: whatever is written reads back to the letter, and no bytes break a reader."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.formats import FORMATS, open_table, read_dataset_file, write_pairs
from dlcodegen_core.data.pairs import MAX_LINE_NUMBER, MAX_TEXT_CHARS, Pair
from dlcodegen_core.errors import DatasetError

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
# Free text alone would rarely begin with a formula's sign or hold two sorts of line ends.
awkward = st.lists(
    st.sampled_from(
        ["=1+1", "+", "-", "@", "'", '"', ",", ";", "\t", "\r", "\n", "\r\n", " ", "\u2028", "\x85", "\x0c"]
    )
    | st.text(characters, max_size=4),
    max_size=6,
).map("".join)
texts = (st.text(characters) | awkward).filter(lambda text: bool(text.strip()))
optional = st.none() | st.just("") | st.text(characters, max_size=5) | awkward
lines = st.none() | st.integers(0, MAX_LINE_NUMBER)
suffixes = st.none() | st.just("") | texts
pairs = st.builds(Pair, texts, texts, optional, optional, lines, optional, optional, suffixes)


def file_bytes(content: list[Pair] | Iterator[Pair], file_format: str) -> bytes:
    out = io.BytesIO()
    write_pairs(content, file_format, out)
    assert not out.closed
    return out.getvalue()


@pytest.mark.parametrize("file_format", FORMATS)
@settings(max_examples=60, deadline=None)
@given(written=st.lists(pairs, min_size=1, max_size=6))
def test_whatever_is_written_reads_back_the_same(file_format: str, written: list[Pair]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"data.{file_format}")
        file.write_bytes(file_bytes(written, file_format))
        assert read_dataset_file(file) == written


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_longest_text_and_the_many_pairs_read_back_too(file_format: str, tmp_path: Path) -> None:
    longest = Pair('"' * MAX_TEXT_CHARS, "👩‍👩‍👧"[0] * MAX_TEXT_CHARS, line=0)
    written = [longest, *(Pair(f"a = {number}\r\n", f"\tb = {number}") for number in range(12_000))]
    file = tmp_path / f"data.{file_format}"
    file.write_bytes(file_bytes(written, file_format))
    assert list(open_table(file).pairs()) == written


@pytest.mark.parametrize("file_format", FORMATS)
def test_pairs_that_come_once_are_written_like_a_list_of_them(file_format: str) -> None:
    written = [Pair("a", "=b", "go", None, 3), Pair("c\u2028", "d", suffix="e\r\n")]
    assert file_bytes(iter(written), file_format) == file_bytes(written, file_format)


@pytest.mark.parametrize("file_format", FORMATS)
def test_only_the_fields_that_a_pair_has_become_columns(file_format: str, tmp_path: Path) -> None:
    file = tmp_path / f"data.{file_format}"
    file.write_bytes(file_bytes([Pair("a", "b"), Pair("c", "d", kind="next line")], file_format))
    assert [column.removesuffix("s") for column in open_table(file).columns[2:]] == ["kind"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_without_a_pair_says_so(file_format: str, tmp_path: Path) -> None:
    file = tmp_path / f"data.{file_format}"
    file.write_bytes(file_bytes([], file_format))
    with pytest.raises(DatasetError, match=rf"^data\.{file_format}:? .*(not a single pair|is empty)"):
        read_dataset_file(file)


@pytest.mark.parametrize("file_format", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_bytes_break_a_reader(file_format: str, data: st.DataObject) -> None:
    whole = file_bytes([Pair("a" * 50, "=b", "go", "a.go", 3), Pair("c\n", "d")] * 5, file_format)
    start = data.draw(st.sampled_from([b"", whole[:4], whole[:40], whole]))
    content = start + data.draw(st.binary(max_size=40)) + data.draw(st.sampled_from([b"", whole[40:], whole[-12:]]))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"data.{file_format}")
        file.write_bytes(content)
        try:
            table = open_table(file)
            table.preview()
            read = list(table.pairs(on_problem=lambda number, problem: None))
        except DatasetError as exc:
            assert str(exc).startswith("data.")
        else:
            assert read
