"""What a file's first bytes say, and whether its name agrees."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from dlcodegen_core.data.formats import FORMATS, format_of, open_table, write_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.json", "json"),
        ("a.JSONL", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a b.csv", "csv"),
        ("a.tsv", "csv"),
        ("a.json.parquet", "parquet"),
        ("a.pq", "parquet"),
        ("a.xlsx", None),
        ("json", None),
        ("", None),
    ],
)
def test_the_suffix_tells_the_format(name: str, expected: str | None) -> None:
    assert format_of(name) == expected


@pytest.mark.parametrize("said", FORMATS)
@pytest.mark.parametrize("held", FORMATS)
def test_a_name_that_does_not_fit_its_content_is_told(said: str, held: str, tmp_path: Path) -> None:
    file = tmp_path / f"data.{said}"
    with file.open("wb") as out:
        write_pairs([Pair("a", "b"), Pair("c", "d")], held, out)
    if said == held:
        assert list(open_table(file).pairs()) == [Pair("a", "b"), Pair("c", "d")]
    elif held == "csv":
        with pytest.raises(DatasetError, match=rf"^data\.{said}.* not (JSON|a Parquet file)"):
            open_table(file)
    else:
        with pytest.raises(DatasetError, match=rf"^data\.{said} holds .*, not .* Rename it to data\.{held}\.$"):
            open_table(file)


def test_one_object_in_one_line_may_be_json_as_well_as_json_lines(tmp_path: Path) -> None:
    for name, content in {
        "a.json": b'{"name": "x", "inputs": ["a"], "targets": ["b"]}',
        "a.jsonl": b'{"prompt": "a", "completion": "b"}',
        "b.jsonl": b'{"tags": [1], "prompt": "a", "completion": "b"}\n',
    }.items():
        (tmp_path / name).write_bytes(content)
        assert list(open_table(tmp_path / name).pairs()) == [Pair("a", "b")]


def _workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (_workbook(), "is an Excel workbook or another archive, .* save it as CSV UTF-8"),
        (gzip.compress(b"prompt,completion\n", mtime=0), "is compressed with gzip, .* Unpack it first"),
        ("prompt,completion\n".encode("utf-16"), "is UTF-16 text, .* Save it as UTF-8"),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
    ],
)
def test_foreign_content_is_told_with_the_next_step(
    file_format: str, content: bytes, told: str, tmp_path: Path
) -> None:
    (tmp_path / f"data.{file_format}").write_bytes(content)
    with pytest.raises(DatasetError, match=rf"^data\.{file_format} {told}"):
        open_table(tmp_path / f"data.{file_format}")
