"""The gate that a fine-tuned version has to pass."""

from dataclasses import replace

import numpy as np
import pytest

from dlcodegen_core.training.tuning.decision import CANDIDATE, PRODUCTION, Figures, Paired, Taught, compare, decide

LEARNED = Taught(12, 0, 11, 40.0, 97.0)
SAME_LINES = Paired(57.1, 56.9, -0.2, -1.4, 0.9, 100)
SAME_SURPRISE = Paired(3.2, 3.19, -0.01, -0.02, 0.001, 6000)
GOOD = Figures("lines", SAME_LINES, SAME_SURPRISE, LEARNED)


def test_what_learned_and_did_no_harm_goes_into_production_with_its_numbers():
    verdict = decide(GOOD)
    assert verdict.outcome == PRODUCTION
    assert verdict.reasons == (
        "Held-out lines: 57.1 → 56.9 of 100, within the noise (100 lines, 95 % interval -1.4 to +0.9).",
        "Held-out code surprises it 0.3% less than before (6,000 tokens).",
        "Of 12 taught lines it now gets 11 right instead of 0.",
    )


@pytest.mark.parametrize(
    "worse",
    [
        {"answers": Paired(57.1, 54.6, -2.5, -5.0, 0.4, 100)},  # too much, if not beyond doubt
        {"answers": Paired(57.1, 56.6, -0.5, -0.9, -0.1, 100)},  # little, but beyond doubt
        {"surprise": Paired(3.2, 3.24, 0.04, 0.02, 0.06, 6000)},  # 1.25 %
    ],
)
def test_harm_on_held_out_code_keeps_it_a_candidate(worse):
    verdict = decide(replace(GOOD, **worse))
    assert verdict.outcome == CANDIDATE
    assert "worse" in verdict.reasons[0] or "at most 1%" in verdict.reasons[1]


@pytest.mark.parametrize(
    ("taught", "told"),
    [
        (Taught(3, 1, 1, 50.0, 50.4), "comes no closer: their similarity to what was taught went 50.0 → 50.4"),
        (Taught(3, 3, 3, 100.0, 100.0), "there was nothing to learn"),
        (Taught(3, 2, 1, 50.0, 80.0), "fewer than the 2 before"),
    ],
)
def test_what_learned_nothing_stays_candidate(taught, told):
    verdict = decide(replace(GOOD, taught=taught))
    assert verdict.outcome == CANDIDATE and told in verdict.reasons[-1]


def test_coming_closer_counts_where_nothing_is_quite_right():
    verdict = decide(replace(GOOD, taught=Taught(1, 0, 0, 20.0, 90.0)))
    assert verdict.outcome == PRODUCTION and verdict.reasons[-1].startswith("Of 1 taught line it gets 0 right")


def test_without_held_out_code_harm_cannot_be_ruled_out():
    verdict = decide(Figures("lines", None, None, LEARNED, why_nothing="nothing was held out."))
    assert verdict.outcome == CANDIDATE
    assert verdict.reasons[0] == "Whether it unlearned anything cannot be told: nothing was held out."


def test_a_handful_of_held_out_items_is_too_little_to_judge_by():
    verdict = decide(replace(GOOD, answers=replace(SAME_LINES, count=6)))
    assert verdict.outcome == CANDIDATE and "6 held-out items, at least 20" in verdict.reasons[2]


def test_what_carries_over_is_told():
    told = decide(replace(GOOD, carried_over=Taught(5, 0, 2, 9.7, 45.7))).reasons[-1]
    assert "Of 5 corrections set aside, after learning only the others: 0 → 2 right" in told


def test_the_same_answers_differ_by_nothing():
    paired = compare([10, 20, 30], [10, 20, 30], ["a", "a", "b"])
    assert (paired.difference, paired.low, paired.high) == (0, 0, 0)


def test_the_interval_covers_a_known_difference():
    random = np.random.default_rng(0)
    hits = 0
    for seed in range(100):
        parent = random.normal(50, 20, 60)
        paired = compare(parent, parent + random.normal(2, 5, 60), range(60), seed)
        hits += paired.low <= 2 <= paired.high
    assert hits >= 88  # of 95 expected


def test_items_of_one_file_count_as_one_witness():
    parent, child = np.zeros(40), np.repeat([1.0, -1.0, 1.0, -1.0], 10)
    by_file = compare(parent, child, np.repeat([0, 1, 2, 3], 10).tolist())
    by_item = compare(parent, child, range(40))
    assert by_file.high - by_file.low > 2 * (by_item.high - by_item.low)


def test_values_of_different_items_are_refused():
    with pytest.raises(ValueError, match="2 and 1 values"):
        compare([1, 2], [1], ["a", "b"])
