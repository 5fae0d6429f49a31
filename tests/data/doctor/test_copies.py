"""Exact copies, nearly the same pairs, and one prompt with different targets."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.doctor.copies import Digests, NearDuplicates
from dlcodegen_core.data.pairs import Pair

LIBRARY = standard_library_pairs(1000)


def copies(pairs: list[Pair], order: list[int] | None = None) -> list[tuple[int, int]]:
    digests = Digests()
    for pair in pairs:
        digests.add(pair)
    return list(digests.copies(np.array(order or range(len(pairs)), np.int64)))


def contradictions(pairs: list[Pair]) -> list[tuple[int, int, int]]:
    digests = Digests()
    for pair in pairs:
        digests.add(pair)
    return list(digests.contradictions())


def alike(pairs: list[Pair], held_out: Collection[int] = ()) -> dict[int, int]:
    near = NearDuplicates(0.85, 10**6)
    for index, pair in enumerate(pairs):
        near.add(index, pair)
    is_held_out = np.array([index in held_out for index in range(len(pairs))])
    return {found.index: found.like for found in near.find(is_held_out, set())}


def test_a_copy_is_one_in_prompt_target_and_suffix_whatever_its_file() -> None:
    pair = Pair("a", "b", "python", "file.py", 3, suffix="c")
    others = [
        replace(pair, prompt="x"),
        replace(pair, target="x"),
        replace(pair, suffix=None),
        Pair("ab", "", suffix="c"),
    ]
    assert copies([pair, *others, replace(pair, source="other.py", line=9)]) == [(5, 0)]


def test_the_first_in_the_given_order_stays() -> None:
    pair = Pair("a", "b")
    assert copies([pair, pair, pair], [1, 0, 2]) == [(0, 1), (2, 1)]


def test_the_library_has_no_copies_and_copies_put_into_it_are_all_found() -> None:
    assert copies(LIBRARY) == []
    assert sorted(copies([*LIBRARY, *LIBRARY[::10]])) == [(1000 + place, 10 * place) for place in range(100)]


def test_the_same_prompt_with_other_targets_is_told_with_both_counts() -> None:
    pairs = [Pair("a", "1"), Pair("b", "1"), Pair("a", "2"), Pair("a", "2"), Pair("a", "3", suffix="s")]
    assert contradictions(pairs) == [(0, 3, 2), (2, 3, 2), (3, 3, 2)]


def test_a_vendored_file_is_found_pair_by_pair_however_it_was_changed() -> None:
    source = max((pair.source for pair in LIBRARY), key=[pair.source for pair in LIBRARY].count)
    own = [pair for pair in LIBRARY if pair.source == source and len(pair.prompt) > 100]
    vendored = [replace(pair, prompt=pair.prompt.replace("\n    ", "\n"), source="vendored.py") for pair in own]
    found = alike([*LIBRARY, *vendored])
    assert sum(1000 + place in found for place in range(len(vendored))) == len(vendored)


def test_neighbouring_lines_of_one_file_are_no_duplicates_though_their_prompts_overlap() -> None:
    lines = ["row = table.insert(name, value, position)"] * 30
    pairs = [Pair("\n".join(lines[:20]) + "\n", lines[20], "python", "file.py", line) for line in range(21, 30)]
    assert alike(pairs) == {}
    assert alike([replace(pair, line=None) for pair in pairs]) == {}


def test_boilerplate_far_away_in_the_same_file_is_found() -> None:
    lines = "\n".join(f"self.{name} = {name}" for name in ("width", "height", "depth", "colour"))
    pairs = [Pair(f"{lines}\n", "self.changed = False", "python", "file.py", line) for line in (10, 60, 110)]
    assert alike(pairs) == {1: 0, 2: 0}


def test_other_targets_or_other_prompts_are_no_duplicates() -> None:
    pairs = [Pair("a = call(b, c, d)\n" * 5, f"value = {number}") for number in range(20)]
    pairs += [Pair(f"a{number} = call(b{number}, c, d)\n" * 5, "return value") for number in range(20)]
    assert alike(pairs) == {}


def test_a_training_pair_stays_rather_than_a_held_out_one() -> None:
    pairs = [Pair("a = call(b, c, d)\n" * count, "return value") for count in (5, 6, 7)]
    assert alike(pairs, held_out={0, 1}) == {0: 2, 1: 2}


def test_of_too_many_pairs_a_part_is_compared_in_which_copies_stand_together() -> None:
    near = NearDuplicates(0.85, 500)
    pairs = [*LIBRARY, *(replace(pair, source="copy.py", line=None) for pair in LIBRARY)]
    for index, pair in enumerate(pairs):
        near.add(index, pair)
    assert near.skipped
    assert 100 < near.compared <= 500
    found = list(near.find(np.zeros(len(pairs), np.bool_), set()))
    assert len(found) >= 0.45 * near.compared
