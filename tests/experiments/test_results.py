"""From rows to what a test tells."""

from datetime import UTC, datetime

import numpy as np
import pytest

from dlcodegen_core.experiments.records import (
    ACCEPTED,
    ALIKE,
    BY_ACCEPTED,
    BY_KEPT,
    BY_SIMILARITY,
    EDITED,
    FIRST,
    OPEN,
    REJECTED,
    SECOND,
    Arm,
    Experiment,
)
from dlcodegen_core.experiments.results import POINTS, OutcomeRow, ShadowRow, summarise


def made(measure=BY_ACCEPTED, shares=(0.5, 0.5), shadow="", versions=("v1", "v2")):
    arms = tuple(Arm(version, share) for version, share in zip(versions, shares, strict=True))
    return Experiment(1, "a test", arms, shadow, measure, 0.05, datetime(2026, 1, 1, tzinfo=UTC))


def row(arm, result=ACCEPTED, similarity=None, user="", latency_ms=None):
    known = {ACCEPTED: 1.0, REJECTED: 0.0}.get(result, similarity)
    return OutcomeRow(arm, result, known, user, latency_ms)


def rows(first_rate, second_rate, count, seed=0):
    random = np.random.default_rng(seed)
    arms = random.integers(0, 2, count).tolist()
    hits = random.random(count) < np.where(np.array(arms) == 0, first_rate, second_rate)
    return [row(arm, ACCEPTED if hit else REJECTED) for arm, hit in zip(arms, hits.tolist(), strict=True)]


def test_each_arm_counts_its_own_and_its_users():
    told = summarise(
        made(),
        [
            row(0, ACCEPTED, user="x", latency_ms=10),
            row(0, EDITED, 0.5, user="x", latency_ms=30),
            row(1, REJECTED, user="y"),
            row(0, REJECTED, latency_ms=20),
        ],
        [],
    )
    first, second = told.arms
    assert (first.counts, first.users, first.anonymous) == ({ACCEPTED: 1, EDITED: 1, REJECTED: 1}, 1, 1)
    assert (first.kept_similarity, first.latency_ms) == (0.75, 20)
    assert (second.counts[REJECTED], second.kept_similarity, second.latency_ms) == (1, None, None)
    assert (told.outcomes, told.waiting) == (4, 2)


@pytest.mark.parametrize(("measure", "mean"), [(BY_ACCEPTED, 1 / 3), (BY_KEPT, 2 / 3), (BY_SIMILARITY, 0.5)])
def test_success_is_what_was_chosen_as_success(measure, mean):
    told = summarise(made(measure), [row(0), row(0, EDITED, 0.5), row(0, REJECTED)], [])
    assert told.arms[0].value.mean == pytest.approx(mean)


def test_nothing_yet_is_too_early_to_say():
    told = summarise(made(), [], [])
    assert (told.verdict.decision, told.needed, told.e_value) == (OPEN, None, 1)
    assert told.verdict.sentence == "Too early to say anything; look again after 20 more answers of each."


@pytest.mark.parametrize(("rates", "decision", "winner"), [((0.2, 0.5), SECOND, "v2"), ((0.5, 0.2), FIRST, "v1")])
def test_the_better_arm_wins_and_the_sentence_says_how_sure_that_is(rates, decision, winner):
    told = summarise(made(), rows(*rates, 600), [])
    assert (told.verdict.decision, told.verdict.winner, told.needed) == (decision, winner, None)
    assert told.verdict.sentence.startswith(f"{winner} is better than")
    assert "at most 5% of such tests" in told.verdict.sentence


def test_a_decision_stands_though_the_luck_turns():
    won = rows(0.2, 0.6, 300)
    turned = [row(number % 2, REJECTED if number % 2 else ACCEPTED) for number in range(120)]
    told = summarise(made(), [*won, *turned], [])
    assert told.e_value < told.enough
    assert told.verdict.decision == SECOND
    assert told.verdict.sentence.endswith("It has become less since it was enough, so it may be one of those.")


def test_a_difference_in_sight_says_who_is_ahead_and_how_many_more():
    told = summarise(made(), rows(0.3, 0.4, 300, seed=1), [])
    assert told.verdict.decision == OPEN
    first, second = (arm.outcomes for arm in told.arms)
    assert told.needed and told.needed[0] + first == told.needed[1] + second > max(first, second)
    assert "v2 is ahead; about" in told.verdict.sentence and "more answers of" in told.verdict.sentence


def test_uneven_traffic_tells_each_arms_own_number():
    random = np.random.default_rng(2)
    uneven = [row(int(random.random() < 0.2), ACCEPTED if random.random() < 0.4 else REJECTED) for _each in range(60)]
    told = summarise(made(shares=(0.8, 0.2)), uneven, [])
    assert " more answers of v1 and " in told.verdict.sentence and " of v2" in told.verdict.sentence


def test_arms_that_do_not_differ_are_called_alike_in_the_end():
    told = summarise(made(), rows(0.1, 0.1, 8000), [])
    assert told.verdict.decision == ALIKE
    assert told.verdict.sentence == "v1 and v2 do about equally well: they differ by less than 5 points."


def test_no_difference_so_far_says_what_would_show_it():
    told = summarise(made(), [row(arm, ACCEPTED) for arm in (0, 1)] * 100, [])
    assert "No difference so far. About" in told.verdict.sentence


def test_the_evidence_is_thinned_out_and_ends_with_the_present():
    outcomes = rows(0.3, 0.3, 5000)
    told = summarise(made(), outcomes, [])
    assert len(told.evidence) <= POINTS + 1
    assert (told.evidence[0].outcomes, told.evidence[0].e_value) == (0, 1)
    places = [point.outcomes for point in told.evidence]
    assert places == sorted(places)
    assert places[-1] <= len(outcomes)


def test_evidence_comes_when_a_block_is_whole():
    told = summarise(made(), [row(0), row(0), row(1, REJECTED), row(0), row(1, REJECTED)], [])
    assert [point.outcomes for point in told.evidence] == [0, 3, 5]


def test_a_shadow_is_held_against_what_was_shown_and_what_was_kept():
    outcomes = [OutcomeRow(0, EDITED, 0.5, "", None, shadow_similarity=0.8), row(1, ACCEPTED), row(0, REJECTED)]
    told = summarise(made(shadow="v3"), outcomes, [ShadowRow(True, 1.0, 10), ShadowRow(False, 0.5, 30)])
    shadow = told.shadow
    assert (shadow.version, shadow.answers, shadow.same, shadow.likeness) == ("v3", 2, 0.5, 0.75)
    assert (shadow.compared, shadow.kept_by_shadow, shadow.kept_by_shown, shadow.latency_ms) == (1, 0.8, 0.5, 20)


def test_without_a_shadow_nothing_is_said_of_one():
    assert summarise(made(), [], []).shadow is None


def test_ten_thousand_outcomes_are_summarised_fast():
    import time

    random = np.random.default_rng(0)
    outcomes = [row(int(random.integers(2)), EDITED, round(float(random.random()), 3)) for _each in range(10_000)]
    began = time.perf_counter()
    summarise(made(BY_SIMILARITY), outcomes, [])
    assert time.perf_counter() - began < 2
