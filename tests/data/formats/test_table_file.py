"""Table files as a person meets them: opened, looked at, their columns chosen, read."""

from pathlib import Path

import pytest

from dlcodegen_core.data.demo import EXAMPLE_PAIRS
from dlcodegen_core.data.formats import (
    FORMATS,
    ColumnChoice,
    open_table,
    read_dataset_file,
    table_file,
    write_dataset,
    write_pairs,
)
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    file = tmp_path / "data.csv"
    file.write_text("a,b,c,n\nx = 1,y = 2,go,3\nx = 2,,go,4\nx = 3,y = 4,,5\n")
    return file


def test_a_chosen_column_is_read_as_what_it_was_chosen_for(csv_file: Path) -> None:
    table = open_table(csv_file)
    assert (table.name, table.format, table.columns, table.row_count) == ("data.csv", "csv", ("a", "b", "c", "n"), None)
    told: list[tuple[int, str]] = []
    choice = ColumnChoice("b", "a", language="c", line="n")
    assert list(table.pairs(choice, lambda number, problem: told.append((number, problem)))) == [
        Pair("y = 2", "x = 1", "go", line=3),
        Pair("y = 4", "x = 3", line=5),
    ]
    assert told == [(2, "b is empty. Remove the row or fill in its b.")]


def test_without_a_listener_the_first_bad_row_ends_the_reading(csv_file: Path) -> None:
    pairs = open_table(csv_file).pairs(ColumnChoice("a", "b"))
    assert next(pairs) == Pair("x = 1", "y = 2")
    with pytest.raises(DatasetError, match=r"^data\.csv, row 2: b is empty"):
        next(pairs)


def test_a_preview_shows_the_first_rows_as_text(csv_file: Path) -> None:
    assert open_table(csv_file).preview(2) == [
        {"a": "x = 1", "b": "y = 2", "c": "go", "n": "3"},
        {"a": "x = 2", "b": "", "c": "go", "n": "4"},
    ]


def test_columns_that_cannot_be_guessed_and_those_that_are_not_there_are_told_at_once(csv_file: Path) -> None:
    table = open_table(csv_file)
    assert table.guess() is None
    with pytest.raises(DatasetError, match=r"^data\.csv: which column is the prompt .* \(a, b, c, n\)\. Choose"):
        table.pairs()
    with pytest.raises(DatasetError, match=r"^data\.csv has no column 'z'. Choose among its columns: a, b, c, n\."):
        table.pairs(ColumnChoice("a", "z"))


def test_a_file_of_which_no_row_can_be_used_says_so_after_each_was_told(csv_file: Path) -> None:
    csv_file.write_text("prompt,completion\na,\nb,\n")
    told: list[int] = []
    with pytest.raises(DatasetError, match=r"^data\.csv: none of its 2 rows can be used"):
        list(open_table(csv_file).pairs(on_problem=lambda number, _problem: told.append(number)))
    assert told == [1, 2]


def test_a_table_may_be_read_again_and_left_amid_the_reading(csv_file: Path) -> None:
    csv_file.write_text("prompt,completion\na,b\nc,d\n")
    table = open_table(csv_file)
    next(table.pairs())
    assert len(list(table.pairs())) == 2


def test_messages_call_an_upload_by_the_name_a_person_knows(tmp_path: Path) -> None:
    upload = tmp_path / "tmp83hf"
    upload.write_text("prompt,completion\na,\n")
    with pytest.raises(DatasetError, match=r"^mine\.csv, row 1"):
        list(open_table(upload, "mine.csv").pairs())
    upload.unlink()
    with pytest.raises(DatasetError, match=r"^mine\.csv does not exist"):
        open_table(upload, "mine.csv")


def test_a_seed_files_arrays_are_its_columns(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_bytes(write_dataset([Pair("a", "b", "go")]))
    table = open_table(tmp_path / "data.json")
    assert (table.columns, table.row_count) == (("inputs", "targets", "languages"), 1)
    assert table.guess() == ColumnChoice("inputs", "targets", "languages")
    assert list(table.pairs(ColumnChoice("targets", "inputs"))) == [Pair("b", "a")]


@pytest.mark.parametrize("file_format", FORMATS)
def test_one_column_may_be_read_as_two_fields(file_format: str, tmp_path: Path) -> None:
    file = tmp_path / f"data.{file_format}"
    with file.open("wb") as out:
        write_pairs([Pair("a", "b", "go")], file_format, out)
    prompt, target, language = open_table(file).columns
    choice = ColumnChoice(prompt, target, language, kind=language)
    assert list(open_table(file).pairs(choice)) == [Pair("a", "b", "go", kind="go")]


@pytest.mark.parametrize("name", ["data.json", "data.JSON", "data", "data.txt"])
def test_a_dataset_file_is_json_unless_its_name_says_otherwise(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(write_dataset(EXAMPLE_PAIRS))
    assert read_dataset_file(file) == list(EXAMPLE_PAIRS)


def test_a_dataset_file_may_be_a_table(csv_file: Path) -> None:
    csv_file.write_text("prompt,completion\na,b\n")
    assert read_dataset_file(csv_file) == [Pair("a", "b")]


def test_a_table_needs_a_name_that_says_its_format(csv_file: Path) -> None:
    with pytest.raises(DatasetError, match=r"^data\.xls is no table that can be read\. Use a file .* \.parquet"):
        open_table(csv_file, "data.xls")


def test_what_is_not_a_file_is_told_as_such(tmp_path: Path) -> None:
    for read in (read_dataset_file, lambda path: open_table(path, f"{path.name}.csv")):
        with pytest.raises(DatasetError, match="does not exist"):
            read(tmp_path / "data.json")
        with pytest.raises(DatasetError, match="is a folder"):
            read(tmp_path)
        with pytest.raises(DatasetError, match="a device or a pipe"):
            read(Path("/dev/zero"))
        with pytest.raises(DatasetError, match="cannot be a path"):
            read(Path("a\0b"))


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "data.json").write_text("{}")
    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, whom no permission stops
    with pytest.raises(DatasetError, match=r"cannot be read: Permission denied"):
        read_dataset_file(tmp_path / "data.json")


@pytest.mark.parametrize(("limit", "name"), [("MAX_JSON_BYTES", "data.json"), ("MAX_FILE_BYTES", "data.csv")])
def test_a_file_that_is_too_large_is_not_read(
    limit: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_file, limit, 1_000_000)
    (tmp_path / name).write_bytes(b" " * 1_000_001)
    with pytest.raises(DatasetError, match="larger than 1 MB"):
        read_dataset_file(tmp_path / name)
