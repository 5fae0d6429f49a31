"""Which column is the prompt and which the target."""

import pytest

from dlcodegen_core.data.formats.columns import ColumnChoice, guess_columns
from dlcodegen_core.errors import DatasetError


def guessed(*columns: str, row: dict[str, object] | None = None) -> ColumnChoice | None:
    """The guess for a table whose columns hold text, apart from those that `row` gives."""
    return guess_columns(columns, [dict.fromkeys(columns, "some text") | (row or {})])


@pytest.mark.parametrize(
    "columns",
    [
        ("prompt", "completion"),
        ("Prompt", "TARGET"),
        ("input", "output"),
        ("inputs", "targets"),
        ("Instruction", "Response"),
        ("question", "answer"),
        ("source", "target"),
        ("text", "label"),
        ("before", "after"),
        ("code", "completion"),
        ("context", "next"),
        ("context", "Next Line"),
        ("input-s", "Out_put"),
        ("one", "other"),
    ],
)
def test_known_names_and_two_columns_of_text_are_prompt_and_target(columns: tuple[str, str]) -> None:
    assert guessed(*columns) == ColumnChoice(*columns)


@pytest.mark.parametrize("columns", [("prompt", "completion"), ("before", "after")])
def test_the_order_of_named_columns_does_not_matter(columns: tuple[str, str]) -> None:
    assert guessed("id", *reversed(columns), "note") == ColumnChoice(*columns)


def test_the_columns_of_a_pairs_origin_are_found_under_their_many_names() -> None:
    assert guessed(
        "Language", "file_name", "line no", "type", "sha", "prompt", "completion", "suffix", row={"line no": 3}
    ) == ColumnChoice("prompt", "completion", "Language", "file_name", "line no", "type", "sha", "suffix")


def test_source_is_the_path_beside_a_prompt_and_the_prompt_beside_a_target_alone() -> None:
    assert guessed("source", "prompt", "target") == ColumnChoice("prompt", "target", source="source")
    assert guessed("source", "target", "path") == ColumnChoice("source", "target", source="path")


def test_of_instruction_input_and_output_the_instruction_is_the_prompt() -> None:
    assert guessed("instruction", "input", "output") == ColumnChoice("instruction", "output")


def test_prefix_middle_and_suffix_fill_in_the_middle() -> None:
    assert guessed("prefix", "middle", "suffix") == ColumnChoice("prefix", "middle", suffix="suffix")


def test_numbers_and_origins_do_not_count_as_text() -> None:
    row = {"id": "17", "score": 0.5}
    assert guessed("id", "one", "score", "other", "lang", row=row) == ColumnChoice("one", "other", "lang")


@pytest.mark.parametrize("columns", [(), ("prompt",), ("a", "b", "c"), ("messages",), ("language", "code")])
def test_what_cannot_be_told_apart_is_not_guessed(columns: tuple[str, ...]) -> None:
    assert guessed(*columns) is None


def test_a_column_of_another_sort_than_its_name_promises_is_left_out() -> None:
    assert guessed("prompt", "target", "line", "type", row={"type": 3}) == ColumnChoice("prompt", "target")


def test_one_odd_value_does_not_make_a_column_another_sort() -> None:
    rows = [{"prompt": "a", "target": "b", "line": line} for line in ("x", "3")]
    assert guess_columns(("prompt", "target", "line"), rows) == ColumnChoice("prompt", "target", line="line")


def test_one_column_cannot_be_both() -> None:
    with pytest.raises(DatasetError, match="'a' cannot be prompt and target at once"):
        ColumnChoice("a", "a")
