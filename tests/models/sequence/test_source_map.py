"""Every token's file and line, against finding them by the characters before it."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.pair_texts import texts_of_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.models.sequence.source_map import JUMPS, PATHS, STARTS, FileStarts, MappedSource, Place, SourceMap
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, CodeTokenizer
from dlcodegen_core.training.sequence.source import units_of

LIBRARY = Path(json.__file__).parents[1]
FILES = [
    SourceFile(path.relative_to(LIBRARY).as_posix(), path.read_text("utf-8"), "python")
    for folder in ("json", "html", "logging", "http")
    for path in sorted((LIBRARY / folder).glob("*.py"))
]
TOKENIZER = CodeTokenizer.train([file.text for file in FILES], 1024)

line = st.text(st.sampled_from("ab \t\n\r\f\x85é☃"), max_size=60)
sources = st.lists(line, min_size=1, max_size=14).map(
    lambda texts: [SourceFile(f"{number}.py", text) for number, text in enumerate(texts)]
)


def mapped(files: list[SourceFile]) -> tuple[SourceMap, SuffixArray]:
    """The map of files that are counted as a training counts them."""
    parts = units_of([file.text for file in files])
    encoded = TOKENIZER.encode_all(parts)
    source = SuffixArray.build(encoded)
    return SourceMap(FileStarts.of(files, parts, encoded), source.tokens, TOKENIZER), source


def check(files: list[SourceFile], every: int = 1) -> None:
    """The place of every token that stands for text is that of its first character."""
    places, source = mapped(files)
    texts = iter(file for file in files if file.text)
    file, done = next(texts, None), 0
    for position, token in enumerate(source.tokens.tolist()):
        if token == END_OF_FILE:
            continue
        assert file is not None
        if done == len(file.text.encode()):
            file, done = next(texts), 0
        if position % every == 0:
            line = file.text.encode()[:done].count(b"\n")
            number = file.line_numbers[line] if file.line_numbers else line + 1
            assert places.at(position) == Place(file.path, number)
        done += len(TOKENIZER.bytes_of[token])


def test_every_token_of_many_files_is_found_where_it_stands() -> None:
    assert len(FILES) >= 10
    check(FILES, every=37)


def test_every_token_of_a_handful_of_files_is_found_though_their_parts_are_counted() -> None:
    assert len(units_of([file.text for file in FILES[:3]])) > 10
    check(FILES[:3], every=11)


@given(sources)
@settings(max_examples=80, deadline=None)
def test_any_texts_are_told_apart_empty_ones_and_odd_line_ends_too(files: list[SourceFile]) -> None:
    check(files)


LINES = [f"line_{number} = {number}" for number in range(1, 31)]


def pair_of(number: int) -> Pair:
    return Pair(f"{LINES[number - 2]}\n", LINES[number - 1], "python", "cut.py", number)


def test_lines_of_pairs_are_those_of_the_file_that_they_were_cut_from() -> None:
    files = texts_of_pairs(
        [
            *map(pair_of, (4, 5, 12, 13, 25)),
            Pair(f"{LINES[8]}\n{LINES[9]}\n", f"{LINES[10]}\n{LINES[11]}", source="alone.py", line=11),
            Pair("a\nb\n", "c"),
            Pair("x\n" * 9, "y = 1", source="high.py", line=3),
        ]
    )
    check(files)
    places, source = mapped(files)
    for number in (3, 4, 5, 11, 12, 13, 24, 25):
        wanted = TOKENIZER.encode(LINES[number - 1]).tolist()
        found = [
            places.at(start)
            for start in range(len(source.tokens))
            if source.tokens[start : start + len(wanted)].tolist() == wanted
        ]
        assert Place("cut.py", number) in found
    assert files[0].line_numbers == (3, 4, 5, 6, 11, 12, 13, 14, 24, 25)
    assert files[1].line_numbers == (9, 10, 11, 12)
    assert files[2].line_numbers is None
    assert min(files[3].line_numbers or ()) == 1


def test_line_numbers_that_run_on_take_no_room() -> None:
    places, _source = mapped(FILES)
    assert places.files.jumps.shape == (0, 3)
    size = sum(array.nbytes for array in places.files.to_arrays().values())
    assert size <= sum(len(file.path) + 3 for file in FILES) + 2 + 4 * len(FILES)


def test_what_was_saved_comes_back() -> None:
    files = [SourceFile("a\udcff é.py", "x\ny\n", line_numbers=(3, 9)), SourceFile("b.py", "z\n")]
    before = mapped(files)[0].files
    after = FileStarts.from_arrays(before.to_arrays())
    assert after is not None and after.paths == before.paths
    assert after.starts.tolist() == before.starts.tolist() and after.jumps.tolist() == [[0, 0, 3], [0, 1, 9]]


def test_models_saved_before_know_no_files() -> None:
    assert FileStarts.from_arrays({"source.tokens": np.zeros(1, np.uint16)}) is None
    source = SuffixArray.build([np.array([5, 6])])
    assert MappedSource.of(source.tokens, source.order, None, TOKENIZER).places is None


@pytest.mark.parametrize(
    "damage",
    [
        {PATHS: np.frombuffer(b"[1]", np.uint8)},
        {PATHS: np.frombuffer(b"\xff", np.uint8)},
        {PATHS: np.frombuffer(b"[]", np.uint8)},
        {STARTS: np.array([0, 9, 8], np.uint32)},
        {STARTS: np.array([1, 8, 9], np.uint32)},
        {STARTS: np.array([0, 9], np.uint32)},
        {STARTS: np.array([0, 4, 1_000_000], np.uint32)},
        {JUMPS: np.array([[3, 0, 1]], np.uint32)},
        {JUMPS: np.array([[1, 4, 9], [1, 2, 5]], np.uint32)},
        {JUMPS: np.array([1, 2, 3], np.uint32)},
    ],
)
def test_damaged_maps_are_refused(damage: dict[str, np.ndarray]) -> None:
    files = [SourceFile(f"{number}.py", "x = 1\n") for number in range(3)]
    places, source = mapped(files)
    with pytest.raises(ValueError):
        SourceMap(FileStarts.from_arrays({**places.files.to_arrays(), **damage}), source.tokens, TOKENIZER)  # type: ignore[arg-type]
