"""The suffix array and the predictors that count or copy, against counting by hand."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.models.sequence import copying, corpus_counts
from dlcodegen_core.models.sequence.copying import STRETCH, NeighbourCopy, PromptCopy, copied_along, match_lengths
from dlcodegen_core.models.sequence.corpus_counts import CorpusCounts
from dlcodegen_core.models.sequence.evidence import join, weigh
from dlcodegen_core.models.sequence.neighbours import NeighbourIndex, _highest
from dlcodegen_core.models.sequence.suffix_array import LONGEST_CONTEXT, SuffixArray, contexts_of

tokens = st.lists(st.integers(1, 4), min_size=1, max_size=60).map(lambda values: np.array(values, np.int64))
files = st.lists(tokens, min_size=1, max_size=4)


def followers(source: SuffixArray, context: list[int]) -> Counter:
    """What followed `context` anywhere in the source, by looking everywhere."""
    text, size = source.tokens.tolist(), len(context)
    found = [place for place in range(size, len(text) + 1) if text[place - size : place] == context]
    return Counter(text[place] if place < len(text) else 0 for place in found)


@given(files, tokens)
def test_every_order_is_found_where_it_stands(parts, context):
    source = SuffixArray.build(parts)
    orders = range(1, LONGEST_CONTEXT + 1)
    spans = source.find(context.tolist(), orders)
    for order in orders:
        if order > len(context):
            break
        expected = followers(source, context.tolist()[-order:])
        if order > len(spans):
            assert not expected
            break
        low, high = spans[order - 1]
        assert Counter(source.next_tokens(np.arange(low, high)).tolist()) == expected


@given(files, tokens)
def test_all_contexts_at_once_are_found_as_one_by_one(parts, file):
    source = SuffixArray.build(parts)
    low, high = source.find_all(contexts_of(file), corpus_counts.ORDERS)
    for place in range(len(file) + 1):
        spans = source.find(file[:place].tolist(), corpus_counts.ORDERS)
        sizes = [end - start for start, end in spans] + [0] * (len(corpus_counts.ORDERS) - len(spans))
        assert (high - low)[:, place].tolist() == sizes


@given(files, files)
@settings(max_examples=50)
def test_counts_along_files_are_those_at_each_of_their_places(parts, along):
    counts = CorpusCounts(SuffixArray.build(parts))
    shares, numbers = counts.along(along)
    evidence = counts.evidence([file[:place].tolist() for file in along for place in range(len(file))])
    np.testing.assert_allclose(evidence.shares_of(np.concatenate(along), counts.experts), shares, atol=1e-6)
    np.testing.assert_allclose(evidence.numbers, numbers, atol=1e-6)


def test_shares_are_those_counted_by_hand():
    counts = CorpusCounts(SuffixArray.build([np.array([1, 2, 3, 1, 2, 3, 1, 2, 4])]))
    evidence = counts.evidence([[9, 1, 2], [9, 1, 2]])
    shares = evidence.shares_of(np.array([3, 4]), counts.experts)
    assert shares[0, :3] == pytest.approx([2 / 3, 2 / 3, 0])
    assert shares[1, :3] == pytest.approx([1 / 3, 1 / 3, 0])
    assert evidence.numbers[0, 0::4][:3].tolist() == [1, 1, 0]


@given(tokens, tokens)
def test_match_lengths_are_those_found_by_comparing(text, ending):
    for place, length in enumerate(match_lengths(text, ending).tolist()):
        expected = 0
        while (
            expected < min(place, len(ending), copying.LONGEST_MATCH)
            and text[place - 1 - expected] == ending[len(ending) - 1 - expected]
        ):
            expected += 1
        assert length == expected


@given(tokens, tokens)
def test_a_prompt_grown_by_tokens_is_the_longer_prompt(text, more):
    grown = PromptCopy.of(text)
    for token in more.tolist():
        grown = grown.after(token)
    whole = PromptCopy.of(np.concatenate([text, more]))
    assert grown.lengths.tolist() == whole.lengths.tolist()
    one, other = (PromptCopy.evidence([copy]) for copy in (grown, whole))
    np.testing.assert_allclose(one.numbers, other.numbers)


@given(tokens, tokens, tokens)
def test_neighbours_grown_by_tokens_are_those_of_the_longer_prompt(passage, text, more):
    grown = NeighbourCopy.of([(passage, 1.0)], text)
    for token in more.tolist():
        grown = grown.after(token)
    assert grown.lengths.tolist() == NeighbourCopy.of([(passage, 1.0)], np.concatenate([text, more])).lengths.tolist()


@given(tokens)
def test_the_shares_of_every_expert_add_up_to_one(text):
    evidence = PromptCopy.evidence([PromptCopy.of(text)])
    sums = np.bincount(evidence.experts, evidence.shares, PromptCopy.experts)
    assert all(total == pytest.approx(0) or total == pytest.approx(1) for total in sums)


def test_a_long_match_counts_for_the_short_orders_too():
    evidence = weigh(np.zeros(2, np.int64), np.array([7, 8]), np.ones(2), np.array([2, 0]), orders=3, count=1)
    assert evidence.shares_of(np.array([7]), 3).tolist() == [[0.5, 1, 1]]


def test_evidence_side_by_side_keeps_its_experts_apart():
    empty = np.zeros(0, np.int64)
    none = weigh(empty, empty, np.zeros(0), empty, orders=2, count=1)
    one = weigh(np.zeros(1, np.int64), np.array([7]), np.ones(1), np.array([0]), orders=1, count=1)
    both = join([none, one], [2, 1])
    assert both.shares_of(np.array([7]), 3).tolist() == [[0, 0, 1]]


@given(st.lists(tokens, min_size=1, max_size=5))
def test_texts_worked_out_together_are_those_one_by_one(texts):
    together = PromptCopy.evidence([PromptCopy.of(text) for text in texts])
    trust = np.random.default_rng(0).random((len(texts), PromptCopy.experts)).astype(np.float32)
    mixed = together.mixed(trust, 5)
    for row, text in enumerate(texts):
        alone = PromptCopy.evidence([PromptCopy.of(text)])
        np.testing.assert_allclose(together.numbers[row], alone.numbers[0])
        np.testing.assert_allclose(mixed[row], alone.mixed(trust[row : row + 1], 5)[0], atol=1e-6)


@given(tokens, tokens)
def test_copies_along_a_file_are_those_at_each_of_its_places(file, passage):
    shares, numbers = copied_along(file, lambda before: [(passage, 1.0)])
    for place, token in enumerate(file.tolist()):
        stretch = place // STRETCH * STRETCH
        own = PromptCopy.evidence([PromptCopy.of(file[:place])])
        others = NeighbourCopy.evidence([NeighbourCopy.of([(passage, 1.0)] if stretch else [], file[:place])])
        both = [evidence.shares_of(np.array([token]), count)[0] for evidence, count in ((own, 7), (others, 5))]
        np.testing.assert_allclose(shares[place], np.concatenate(both), atol=1e-6)
        np.testing.assert_allclose(numbers[place], np.concatenate([own.numbers[0], others.numbers[0]]), atol=1e-6)


def test_the_passage_that_shares_the_rare_tokens_comes_first():
    rng = np.random.default_rng(0)
    text = rng.integers(1, 50, 2000).astype(np.uint16)
    text[1000:1010] = np.arange(90, 100)
    passages = NeighbourIndex(text, 200).passages(np.array([3, 4, 93, 94, 95, 96]))
    assert 95 in passages[0][0]
    assert passages[0][1] == 1.0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=3000), st.integers(1, 16))
@settings(max_examples=50)
def test_the_highest_scores_are_found_block_by_block(values, count):
    scores = np.array(values, np.float32)
    found = scores[_highest(scores, count)]
    assert sorted(found.tolist()) == sorted(values)[-count:]


def test_a_query_that_shares_nothing_finds_nothing():
    assert NeighbourIndex(np.array([1, 2, 3], np.uint16), 10).passages(np.array([9])) == []
