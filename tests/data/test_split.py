"""Which pairs are held out."""

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.split import split_pairs

FILES = [Pair(f"p{index}", "t", source=f"file{index // 10}.py") for index in range(400)]


def test_all_pairs_of_a_file_stand_on_one_side() -> None:
    training, held_out = split_pairs(FILES, 0.15, 0)
    assert not {FILES[index].source for index in training} & {FILES[index].source for index in held_out}


def test_pairs_without_a_file_are_kept_together_by_prompt() -> None:
    pairs = [Pair(f"p{index % 20}", f"t{index}") for index in range(100)]
    training, held_out = split_pairs(pairs, 0.2, 0)
    assert held_out
    assert not {pairs[index].prompt for index in training} & {pairs[index].prompt for index in held_out}


def test_the_share_is_reached_as_nearly_as_the_files_allow() -> None:
    assert len(split_pairs(FILES, 0.15, 0)[1]) == 60


def test_the_split_is_the_same_in_every_process() -> None:
    pairs = [Pair(f"p{index}", "t") for index in range(10)]
    assert split_pairs(pairs, 0.3, 7)[1] == [2, 4, 9]


def test_another_seed_draws_other_files() -> None:
    assert split_pairs(FILES, 0.15, 0) != split_pairs(FILES, 0.15, 1)


def test_without_a_share_or_with_too_few_groups_nothing_is_held_out() -> None:
    everything = list(range(400))
    assert split_pairs(FILES, 0, 0) == (everything, [])
    assert split_pairs(FILES[:40], 0.25, 0) == (everything[:40], [])


@given(
    st.lists(st.builds(Pair, st.text(min_size=1, max_size=2), st.just("t"), source=st.none() | st.text(max_size=1))),
    st.floats(0, 0.5),
    st.integers(0, 5),
)
def test_every_pair_lands_on_exactly_one_side(pairs: list[Pair], held_out: float, seed: int) -> None:
    training, kept = split_pairs(pairs, held_out, seed)
    assert sorted(training + kept) == list(range(len(pairs)))
    assert training == sorted(training)
    assert kept == sorted(kept)
