"""Samples of a pair, and the classes they become."""

from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.models.vocabulary import END, UNKNOWN, Vocabulary, samples_of


def tokens(prompt, target, count):
    return [sample.token for sample in samples_of(prompt, target, 0, count)]


def test_blanks_before_a_visible_token_come_along():
    assert tokens("def f():", "\n    return 1", 1) == ["\n    ", "return "]


def test_a_completion_that_is_over_ends_with_the_end():
    assert tokens("x = ", "1", 3) == ["1", None]


def test_each_sample_reads_what_was_completed_before_it():
    assert [sample.text for sample in samples_of("a", "b c d", 0, 3)] == ["a", "ab ", "ab c "]


def test_the_seed_examples_token_is_a_token():
    assert "async " in tokens("def async fetch_data(url):", "    async with session:", 1)


def test_the_most_frequent_tokens_come_first_and_ties_are_alphabetical():
    samples = [sample for target in ("b", "a", "c", "c") for sample in samples_of("x", target, 0, 1)]
    assert Vocabulary.build(samples, 5).tokens == ("c", "a", "b")


def test_the_size_counts_unknown_and_end():
    samples = [sample for target in "abcdef" for sample in samples_of("x", target, 0, 1)]
    assert len(Vocabulary.build(samples, 5)) == 5


def test_spare_classes_go_to_tokens_of_the_whole_targets():
    vocabulary = Vocabulary.build(samples_of("x", "first second", 0, 1), 10, ["first second"])
    assert vocabulary.tokens == ("first ", "second")


def test_a_token_never_seen_is_unknown_and_adds_nothing():
    vocabulary = Vocabulary(["a"])
    assert vocabulary.class_of("b") == UNKNOWN
    assert vocabulary.class_of(None) == END
    assert vocabulary.text_of(UNKNOWN) == vocabulary.text_of(END) == ""


@given(st.lists(st.text(min_size=1, max_size=5), unique=True))
def test_classes_and_tokens_map_back_and_forth(words):
    vocabulary = Vocabulary(words)
    assert [vocabulary.text_of(vocabulary.class_of(word)) for word in words] == words
