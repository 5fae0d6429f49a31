"""Line metrics against hand counts, difflib-free Levenshtein and a plain bootstrap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from dlcodegen_core.evaluation.line_metrics import (
    bootstrap_interval,
    edit_similarity,
    exact_match,
    first_code_token,
    latency_percentiles,
    paired_bootstrap_difference,
)


def test_edit_similarity_by_hand() -> None:
    # "abcd" and "abxd": a, b, d are matched, 2 * 3 of 8 characters.
    assert edit_similarity("abcd", "abxd") == pytest.approx(75)
    assert edit_similarity("", "abc") == 0
    assert edit_similarity("return x  ", "return x\r") == 100


@given(st.text(max_size=20), st.text(max_size=20))
def test_edit_similarity_is_the_normalised_insertions_and_deletions(left: str, right: str) -> None:
    expected = 100 * Indel.normalized_similarity(left.rstrip(), right.rstrip())
    assert edit_similarity(left, right) == pytest.approx(expected)
    assert (edit_similarity(left, right) == 100) == exact_match(left, right)


def test_exact_match_forgives_only_trailing_whitespace() -> None:
    assert exact_match("a = 1 ", "a = 1")
    assert not exact_match(" a = 1", "a = 1")


def test_the_first_code_token_is_the_first_visible_one() -> None:
    assert first_code_token("  return value") == "return"
    assert first_code_token("!== b") == "!=="
    assert first_code_token("  ") == ""


def test_the_interval_agrees_with_a_plain_bootstrap_over_files() -> None:
    draw = np.random.default_rng(1)
    files = [f"f{number % 12}" for number in range(90)]
    values = np.array([draw.random() + int(file[1:]) / 12 for file in files])
    by_file = [values[[name == file for name in files]] for file in sorted(set(files))]
    means = [np.concatenate([by_file[n] for n in draw.integers(0, 12, 12)]).mean() for _ in range(4000)]
    found = bootstrap_interval(values, files, resamples=4000)
    assert found.mean == pytest.approx(values.mean())
    assert [found.low, found.high] == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.02)


def test_lines_of_one_file_count_as_alike() -> None:
    values = [1.0] * 20 + [0.0] * 20
    alike = bootstrap_interval(values, ["a"] * 20 + ["b"] * 20)
    apart = bootstrap_interval(values, list(range(40)))
    assert (alike.low, alike.high) == (0, 1)
    assert apart.high - apart.low < 0.4


def test_a_single_file_has_its_lines_drawn() -> None:
    found = bootstrap_interval([0, 1] * 10, ["a"] * 20)
    assert found.low < 0.5 < found.high


def test_the_same_seed_gives_the_same_interval() -> None:
    values, files = [0.1, 0.9, 0.4, 0.3], ["a", "a", "b", "c"]
    assert bootstrap_interval(values, files, seed=3) == bootstrap_interval(values, files, seed=3)


def test_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="0 values"):
        bootstrap_interval([], [])


def test_a_paired_difference_sees_what_two_intervals_do_not() -> None:
    files = [f"f{number}" for number in range(30)]
    hard = np.linspace(0, 1, 30)
    gap = paired_bootstrap_difference(hard + 0.05, hard, files)
    assert (gap.mean, gap.low, gap.high) == pytest.approx((0.05, 0.05, 0.05))
    assert bootstrap_interval(hard, files).high > hard.mean() + 0.05


def test_unpaired_values_are_refused() -> None:
    with pytest.raises(ValueError, match="2 values of one system and 1 of the other"):
        paired_bootstrap_difference([1, 2], [1], ["a", "b"])


def test_latency_percentiles_by_hand() -> None:
    assert latency_percentiles([1, 2, 3, 4, 5]) == pytest.approx((3, 4.8))
    with pytest.raises(ValueError, match="no latencies"):
        latency_percentiles([])
