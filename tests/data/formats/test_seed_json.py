"""The seed format: parallel arrays in one JSON object."""

import json

import pytest

from dlcodegen_core.data.demo import EXAMPLE_PAIRS
from dlcodegen_core.data.formats import read_dataset, write_dataset
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.errors import DatasetError


def test_the_seed_documents_own_example_is_read() -> None:
    content = json.dumps(
        {"inputs": [pair.prompt for pair in EXAMPLE_PAIRS], "targets": [pair.target for pair in EXAMPLE_PAIRS]}
    )
    read = read_dataset(content.encode(), "codesnippets.json")
    assert [(pair.prompt, pair.target) for pair in read] == [(pair.prompt, pair.target) for pair in EXAMPLE_PAIRS]


def test_extra_arrays_are_written_only_where_a_pair_has_one() -> None:
    assert set(json.loads(write_dataset([Pair("a", "b")]))) == {"inputs", "targets"}
    assert json.loads(write_dataset([Pair("a", "b", "go"), Pair("c", "d")]))["languages"] == ["go", None]


@pytest.mark.parametrize("pairs", [[], [Pair("é", "b")], [Pair("a", "b", line=3), Pair("c", "d\n")] * 1_001])
def test_the_bytes_are_those_of_pythons_own_json_with_an_entry_a_line(pairs: list[Pair]) -> None:
    value: dict[str, list[object]] = {
        "inputs": [pair.prompt for pair in pairs],
        "targets": [pair.target for pair in pairs],
    }
    if any(pair.line for pair in pairs):
        value["lines"] = [pair.line for pair in pairs]
    assert write_dataset(pairs).decode() == json.dumps(value, ensure_ascii=False, indent=1) + "\n"


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
        (b'[{"input": "a"}]', r'is a list; one object is expected, such as \{"inputs".* ends? in \.jsonl'),
        (b"null", "is null"),
        (b"[" * 200_000, "nests too deeply"),
        (b'{"input": ["a"], "targets": ["b"]}', "lacks inputs; it has input, targets"),
        (b"{}", "lacks inputs and targets; it has nothing"),
        (b'{"inputs": null, "targets": ["b"]}', "inputs is null, not an array"),
        (b'{"inputs": "a", "targets": ["b"]}', "inputs is a text, not an array"),
        (b'{"inputs": ["a", "b"], "targets": ["c"]}', "inputs has 2, targets has 1"),
        (b'{"inputs": ["a"], "targets": ["b"], "lines": []}', "lines has 0"),
        (b'{"inputs": ["a", NaN], "targets": ["b", "c"]}', r"pair 2: inputs holds a number \(nan\), not text"),
        (b'{"inputs": ["a"], "targets": [null]}', "pair 1: targets is empty"),
        (b'{"inputs": ["a"], "targets": ["b"], "lines": [true]}', "pair 1: lines is 'True', no line number"),
        (b'{"inputs": ["a"], "targets": ["b"], "languages": [3]}', "pair 1: languages holds a number"),
        (b'{"inputs": ["\\ud800"], "targets": ["b"]}', "half of a character"),
        (b'{"inputs": [], "targets": []}', "not a single pair"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_fault(content: bytes, told: str) -> None:
    with pytest.raises(DatasetError, match=rf"(?s)^data\.json.*{told}"):
        read_dataset(content, "data.json")
