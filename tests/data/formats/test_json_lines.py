"""JSON Lines: one object a line."""

from pathlib import Path

import pytest

from dlcodegen_core.data.formats import json_lines as module
from dlcodegen_core.data.formats import open_table
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError


def read(content: bytes, tmp_path: Path) -> list[Pair]:
    file = tmp_path / "data.jsonl"
    file.write_bytes(content)
    return list(open_table(file).pairs())


def test_each_line_is_a_pair_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"input": "a", "output": "b"}\r\n\n  \n{"output": "d\\n", "input": "c", "line": 4.0}'
    assert read(content, tmp_path) == [Pair("a", "b"), Pair("c", "d\n", line=4)]


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    assert read('{"prompt": "a\u2028b\x85", "completion": "c"}\n'.encode(), tmp_path) == [Pair("a\u2028b\x85", "c")]


def test_null_and_missing_keys_are_no_value_where_a_field_may_lack(tmp_path: Path) -> None:
    content = b'{"prompt": "a", "target": "b", "language": null, "line": null}\n{"prompt": "c", "target": "d"}\n'
    assert read(content, tmp_path) == [Pair("a", "b"), Pair("c", "d")]


GOOD = b'{"prompt": "a", "target": "b", "language": "go"}\n\n'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "not JSON: .* at column 2"),
        (b'{"prompt": "a"} {}', "not JSON: Extra data at column 17"),
        (b'["a", "b"]', "a list instead of an object"),
        (b"3", "a single value instead of an object"),
        (b'{"prompt": "\xff"}', r"not UTF-8 text \(byte 13 of the line\)"),
        (b'{"a":' * 100_000, "it nests too deeply"),
        (b'{"prompt": "a"}', "target is empty. Remove the row or fill in its target"),
        (b'{"prompt": null, "target": "b"}', "prompt is empty"),
        (b'{"prompt": "a", "target": 12}', r"target holds a number \(12\), not text. Put it in quotes"),
        (b'{"prompt": "a", "target": ["b"]}', r"target holds a list \(\['b'\]\), not text"),
        (b'{"prompt": "a", "target": "b", "language": true}', r"language holds true or false \(True\), not text"),
        (b'{"prompt": "a", "target": " "}', "target is empty"),
        (b'{"prompt": "a\\ud800", "target": "b"}', "prompt holds half of a character"),
    ],
)
def test_a_bad_line_is_told_with_its_number_in_the_file(line: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=rf"^data\.jsonl, line 3: {told}"):
        read(GOOD + line + b"\n" + GOOD, tmp_path)


def test_a_first_line_that_is_no_object_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r'^data\.jsonl, line 1: not JSON: .* one object a line, such as \{"prompt"'):
        read(b"prompt,completion\na,b\n", tmp_path)


def test_a_file_in_one_endless_line_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 1_000)
    with pytest.raises(DatasetError, match=r"^data\.jsonl, line 3: longer than"):
        read(GOOD + b'{"prompt": "' + b"x" * 2_000, tmp_path)


def test_the_columns_are_those_of_all_the_first_objects(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_bytes(b'{"a": 1, "prompt": "x"}\n{bad\n{"prompt": "y", "target": "z"}\n')
    table = open_table(file)
    assert table.columns == ("a", "prompt", "target")
    assert table.row_count is None
    assert table.preview() == [
        {"a": "1", "prompt": "x", "target": ""},
        {"a": "", "prompt": "y", "target": "z"},
    ]
