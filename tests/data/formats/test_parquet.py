"""Parquet files from other programs, and damaged ones."""

from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pytest
from pyarrow import parquet

from dlcodegen_core.data.formats import open_table, write_pairs
from dlcodegen_core.data.formats import parquet as module
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError


def made(tmp_path: Path, columns: dict[str, Any], **options: Any) -> Path:
    file = tmp_path / "data.parquet"
    parquet.write_table(pyarrow.table(columns), file, **options)
    return file


@pytest.mark.parametrize(
    "kind", [pyarrow.string(), pyarrow.large_string(), pyarrow.string_view(), pyarrow.dictionary("int8", "string")]
)
def test_every_kind_of_text_column_is_read(kind: pyarrow.DataType, tmp_path: Path) -> None:
    texts = {name: pyarrow.array([name, "x"]).cast(kind) for name in ("prompt", "completion")}
    file = made(tmp_path, {**texts, "lang": pyarrow.array([None, "go"]), "line": [7, None]})
    assert list(open_table(file).pairs()) == [Pair("prompt", "completion", line=7), Pair("x", "x", "go")]


def test_a_table_that_pandas_wrote_is_read_with_its_empty_numbers(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"prompt": ["a", "b"], "completion": ["c", "d"], "line": [3, None]}, index=[5, 9])
    frame.to_parquet(tmp_path / "data.pq")
    assert list(open_table(tmp_path / "data.pq").pairs()) == [Pair("a", "c", line=3), Pair("b", "d")]


def test_the_number_of_rows_is_known_without_reading_them(tmp_path: Path) -> None:
    table = open_table(made(tmp_path, {"prompt": ["a"] * 70, "completion": ["b"] * 70}))
    assert (table.format, table.row_count) == ("parquet", 70)


def test_other_columns_are_shown_as_short_text(tmp_path: Path) -> None:
    file = made(
        tmp_path, {"prompt": ["a" * 300], "completion": ["b"], "tags": [["é", "y"]], "n": [1.5], "none": [None]}
    )
    (row,) = open_table(file).preview()
    assert len(row.pop("prompt")) == 200
    assert row == {"completion": "b", "tags": '["é", "y"]', "n": "1.5", "none": ""}


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ([3, 4], r"row 1: completion holds a number \(3\), not text"),
        ([b"b", b"c"], "row 1: completion holds raw bytes"),
        (["b", None], "row 2: completion is empty"),
    ],
)
def test_a_value_that_is_no_text_is_told_with_its_row(targets: list[Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=rf"^data\.parquet, {told}"):
        list(open_table(made(tmp_path, {"prompt": ["a", "a"], "completion": targets})).pairs())


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "data.parquet"
    parquet.write_table(pyarrow.Table.from_arrays([pyarrow.array(["a"])] * 2, names=["prompt", "prompt"]), file)
    with pytest.raises(DatasetError, match="names the column 'prompt' twice"):
        open_table(file)


def test_a_column_whose_name_goes_on_after_a_dot_is_another_column(tmp_path: Path) -> None:
    file = made(tmp_path, {"prompt.old": ["x"], "prompt": ["a"], "completion": ["b"]})
    assert list(open_table(file).pairs()) == [Pair("a", "b")]


@pytest.mark.parametrize("damage", [slice(0, 200), slice(0, -4), slice(0, -100)])
def test_a_file_cut_short_is_told(damage: slice, tmp_path: Path) -> None:
    file = made(tmp_path, {"prompt": ["a"] * 9, "completion": ["b"] * 9})
    file.write_bytes(file.read_bytes()[damage])
    with pytest.raises(DatasetError, match=r"^data\.parquet cannot be read as Parquet: .* anew\.$"):
        open_table(file)


def test_damage_amid_the_rows_is_told_when_it_is_met(tmp_path: Path) -> None:
    file = made(tmp_path, {"prompt": [f"{n}" * 90 for n in range(500)], "completion": ["b"] * 500}, compression="zstd")
    content = bytearray(file.read_bytes())
    content[60:400] = bytes(340)
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=r"^data\.parquet cannot be read as Parquet"):
        list(open_table(file).pairs())


def test_rows_are_written_and_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROW_GROUP_ROWS", 40)
    monkeypatch.setattr(module, "PIECE_BYTES", 100)
    written = [Pair(f"a{number}", "b") for number in range(100)]
    file = tmp_path / "data.parquet"
    with file.open("wb") as out:
        write_pairs(iter(written), "parquet", out)
    assert parquet.ParquetFile(file).metadata.num_row_groups == 3
    assert list(open_table(file).pairs()) == written
