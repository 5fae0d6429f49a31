"""CSV as it comes from elsewhere, and CSV that a spreadsheet may open without harm."""

import csv
import io
from pathlib import Path

import pytest

from dlcodegen_core.data.formats import csv_table as module
from dlcodegen_core.data.formats import open_table, write_pairs
from dlcodegen_core.data.formats.csv_table import ESCAPED
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError


def read(content: bytes | str, tmp_path: Path, name: str = "data.csv") -> list[Pair]:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(open_table(file).pairs())


def written(pairs: list[Pair]) -> str:
    out = io.BytesIO()
    write_pairs(pairs, "csv", out)
    return out.getvalue().decode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    other = ";" if delimiter == "," else ","
    content = f'prompt{delimiter}completion\n"a{delimiter}\n{other}"{delimiter}b{other}\nc{delimiter}d{other}{other}\n'
    assert read(content, tmp_path) == [Pair(f"a{delimiter}\n{other}", f"b{other}"), Pair("c", f"d{other}{other}")]


def test_a_header_that_could_be_parted_twice_is_parted_as_the_rows_are(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("prompt;target, if known\na;b\nc;d\n")
    assert open_table(file).columns == ("prompt", "target, if known")


def test_a_tsv_file_is_read_with_tabs(tmp_path: Path) -> None:
    assert read("prompt\tcompletion\na, b\tc\n", tmp_path, "data.tsv") == [Pair("a, b", "c")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_ends_a_row_and_blank_lines_are_skipped(end: str, tmp_path: Path) -> None:
    assert read(end.join(["prompt,completion", "", "a,b", "", "c,d"]), tmp_path) == [Pair("a", "b"), Pair("c", "d")]


def test_a_byte_order_mark_and_blanks_around_the_columns_names_are_not_part_of_them(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes("\ufeffprompt , completion,\na,b,c\n".encode())
    assert open_table(file).columns == ("prompt", "completion", "column 3")


def test_an_empty_cell_is_no_value(tmp_path: Path) -> None:
    content = "prompt,completion,language,line\na,b,,\nc,d,go,12\ne,f,,7.0\n"
    assert read(content, tmp_path) == [Pair("a", "b"), Pair("c", "d", "go", line=12), Pair("e", "f", line=7)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("prompt,completion\na,b\nc\n", r", row 2: it has 1 cell, but the header names 2 \(seen at line 3"),
        ('prompt,completion\n"a\n",b\nc,d,e\n', r", row 2: it has 3 cells, but the header names 2 \(seen at line 4"),
        ('prompt,completion\n"a"b,c\n', ", row 1: its quotation marks do not match"),
        ('prompt,completion\na,"b\nc,d\n', ", row 1: its quotation marks do not match"),
        ("prompt,completion\n,b\n", ", row 1: prompt is empty"),
        ("prompt,completion\na\0,b\n", ", row 1: prompt holds a NUL"),
        ("prompt,completion,line\na,b,1\nc,d,x\n", ", row 2: line is 'x', no line number"),
        ("prompt,completion\na,caf\xe9\n".encode("latin-1"), r", line 2: not UTF-8 text \(byte 6 of the line\)"),
        ("prompt,completion\n", ": there is not a single pair"),
        ("prompt,prompt\na,b\n", ": its first row names 'prompt' twice"),
        ('"prompt,completion\na,b\n', ": the quotation marks in its first row do not match"),
        (",,\n", r": which column is the prompt .* \(column 1, column 2, column 3\)"),
        ("prompt\na\n", r": which column is the prompt .* \(prompt\)"),
    ],
)
def test_a_fault_is_told_with_its_place(content: bytes | str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=rf"^data\.csv{told}"):
        read(content, tmp_path)


def test_rows_at_fault_can_be_skipped_and_told(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text('prompt,completion\na,b\nc\n"d"e,f\ng,h\n')
    told: list[int] = []
    pairs = list(open_table(file).pairs(on_problem=lambda number, _problem: told.append(number)))
    assert pairs == [Pair("a", "b"), Pair("g", "h")]
    assert told == [2, 3]


def test_a_cell_without_end_stops_the_reading_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CELL_CHARACTERS", 1_000)
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 2_000)
    before = csv.field_size_limit(1_000)
    try:
        with pytest.raises(DatasetError, match=r"row 1: a cell does not end .* quotation mark is missing"):
            read('prompt,completion\n"a,b\n' + "c,d\n" * 1_000, tmp_path)
        with pytest.raises(DatasetError, match="a cell does not end"):
            read("prompt,completion\n" + "x" * 5_000, tmp_path)
    finally:
        csv.field_size_limit(before)


def test_a_long_cell_in_a_column_that_nobody_chose_does_no_harm(tmp_path: Path) -> None:
    assert read(f"prompt,completion,file content\na,b,{'x' * 500_000}\n", tmp_path) == [Pair("a", "b")]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'"])
def test_no_cell_is_written_that_a_spreadsheet_would_run(start: str) -> None:
    text = written([Pair(f"{start}cmd|' /C calc'!A0", "x;=1+1,\n=2"), Pair("a", "b")])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["prompt", "target", ESCAPED]
    assert rows[1] == [f"'{start}cmd|' /C calc'!A0", "x;=1+1,\n=2", "yes"]
    assert rows[2] == ["a", "b", ""]


def test_every_cell_is_in_quotes_so_that_no_other_delimiter_parts_it() -> None:
    assert written([Pair("a;=1+1", "b", line=3)]) == '"prompt","target","line"\n"a;=1+1","b","3"\n'


def test_a_file_without_risky_cells_carries_no_mark() -> None:
    assert ESCAPED not in written([Pair("a", "b = 1")])


def test_apostrophes_of_files_from_elsewhere_stay(tmp_path: Path) -> None:
    assert read("prompt,completion\n'a',\"'=b\"\n", tmp_path) == [Pair("'a'", "'=b")]


def test_a_row_added_by_hand_to_a_marked_file_keeps_its_apostrophes(tmp_path: Path) -> None:
    assert read(f"prompt,completion,{ESCAPED}\n'=a,b,yes\n'c',d,\n", tmp_path) == [Pair("=a", "b"), Pair("'c'", "d")]
