"""Which texts count as nearly the same, and that the split keeps them together."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.near_duplicates import near_duplicate_groups, split_files


def code(seed: int, lines: int = 40) -> str:
    draw = random.Random(seed)
    return "\n".join(f"name_{draw.randrange(10**6)} = call_{draw.randrange(10**6)}(x, 1)" for _ in range(lines))


def test_equal_texts_share_a_group_and_others_do_not() -> None:
    assert near_duplicate_groups([code(1), code(2), code(1), code(3)]) == [0, 1, 0, 2]


def test_layout_does_not_count() -> None:
    assert near_duplicate_groups([code(1), code(1).replace("\n", "\r\n    ")]) == [0, 0]


def test_a_copy_with_few_changes_is_a_near_duplicate() -> None:
    changed = code(1, 100).replace("\n", "\nprint(1)\n", 2)
    assert near_duplicate_groups([code(1, 100), code(2), changed]) == [0, 1, 0]


def test_the_threshold_is_the_jaccard_similarity_of_five_token_shingles() -> None:
    # 12 tokens give 8 shingles; of the longer text's 10 the first 8 are shared: 8 / 10.
    short, longer = "a b c d e f g h i j k l", "a b c d e f g h i j k l m n"
    assert near_duplicate_groups([short, longer], threshold=0.79) == [0, 0]
    assert near_duplicate_groups([short, longer], threshold=0.81) == [0, 1]


def test_likeness_is_passed_on() -> None:
    lines = code(1, 100).split("\n")
    chain = ["\n".join(lines[start : start + 80]) for start in (0, 10, 20)]
    assert near_duplicate_groups(chain) == [0, 0, 0]
    assert near_duplicate_groups([chain[0], chain[2]]) == [0, 1]


def test_many_files_of_one_template_are_one_group() -> None:
    template = code(1, 200)
    assert set(near_duplicate_groups([f"{template}\nnumber = {number}" for number in range(200)])) == {0}


def test_texts_shorter_than_a_shingle_are_compared_as_a_whole() -> None:
    assert near_duplicate_groups(["import os", "import os", "import sys", "", "  "]) == [0, 0, 1, 2, 2]


def test_a_threshold_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold is 0"):
        near_duplicate_groups(["a"], threshold=0)


@given(st.lists(st.text(), max_size=8))
def test_groups_are_numbered_by_first_appearance_and_equal_texts_share_one(texts: list[str]) -> None:
    groups = near_duplicate_groups(texts)
    assert list(dict.fromkeys(groups)) == list(range(len(set(groups))))
    assert len(dict.fromkeys(zip(texts, groups, strict=True))) == len(set(texts))


PATHS = [f"src/file{number}.py" for number in range(40)]
TEXTS = [code(number % 30) for number in range(40)]  # the last ten are copies of the first ten


def test_near_duplicates_stand_on_one_side() -> None:
    training, held_out = split_files(PATHS, TEXTS, 0.2, 0)
    assert not {TEXTS[index] for index in training} & {TEXTS[index] for index in held_out}
    assert sorted(training + held_out) == list(range(40))
    assert len(held_out) == 8


def test_the_split_is_the_same_in_every_process_and_order() -> None:
    _, held_out = split_files(PATHS, TEXTS, 0.2, 0)
    _, reversed_held_out = split_files(PATHS[::-1], TEXTS[::-1], 0.2, 0)
    assert [PATHS[index] for index in held_out] == [PATHS[::-1][index] for index in reversed_held_out][::-1]
    assert split_files([f"{n}" for n in range(10)], [code(n) for n in range(10)], 0.3, 7)[1] == [3, 7, 8]


def test_another_seed_draws_other_files() -> None:
    assert split_files(PATHS, TEXTS, 0.2, 0) != split_files(PATHS, TEXTS, 0.2, 1)


def test_without_a_share_or_with_one_group_nothing_is_held_out() -> None:
    assert split_files(PATHS[:2], TEXTS[:2], 0, 0) == ([0, 1], [])
    assert split_files(PATHS[:2], ["a"] * 2, 0.5, 0) == ([0, 1], [])
    assert split_files([], [], 0.5, 0) == ([], [])


@pytest.mark.parametrize("held_out", [0.01, 0.5, 1.0])
@pytest.mark.parametrize("files", [2, 3, 7])
def test_with_two_groups_neither_side_is_empty(files: int, held_out: float) -> None:
    training, kept = split_files(PATHS[:files], TEXTS[:files], held_out, 0)
    assert training
    assert kept
