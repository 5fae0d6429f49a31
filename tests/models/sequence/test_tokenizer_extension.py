"""A tokenizer that goes on learning on somebody's own code."""

import json
import textwrap

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from dlcodegen_core.models.sequence.tokenizer_extension import FIRST_SHARE, extended, extended_embedding

KNOWN = [f"def area(width, height):\n    return width * height * {number}\n" for number in range(30)]
OWN = [
    f"class FrobnicatorView:\n    frobnicator = frobnicator_{number}\n    self.frobnicate()\n" for number in range(30)
]
BASE = CodeTokenizer.train(KNOWN, 400)
EXTENDED, PAIRS = extended(BASE, OWN, 40)


def test_names_of_the_source_become_tokens():
    assert len(EXTENDED) == len(BASE) + len(PAIRS)
    assert len(EXTENDED.encode(OWN[0])) < 0.7 * len(BASE.encode(OWN[0]))
    assert any(b"frobnicat" in content for content in EXTENDED.bytes_of[len(BASE) :])


@given(st.text())
def test_any_text_comes_back_as_it_went_in(text):
    assert EXTENDED.decode(EXTENDED.encode(text)) == text


def test_what_holds_none_of_the_new_tokens_is_cut_as_before():
    assert EXTENDED.encode(KNOWN[0]).tolist() == BASE.encode(KNOWN[0]).tolist()


def test_each_new_token_is_what_its_two_parts_are():
    for number, (first, second) in enumerate(PAIRS, start=len(BASE)):
        assert EXTENDED.bytes_of[number] == EXTENDED.bytes_of[first] + EXTENDED.bytes_of[second]


def test_going_on_is_as_good_as_having_learned_all_at_once():
    texts = [textwrap.dedent(json.__loader__.get_data(json.__file__).decode())] * 3
    short = CodeTokenizer.train(texts, 500)
    longer, _pairs = extended(short, texts, 200)
    at_once = CodeTokenizer.train(texts, len(longer))
    sizes = [sum(map(len, tokenizer.encode_all(texts))) for tokenizer in (longer, at_once)]
    assert abs(sizes[0] - sizes[1]) <= 0.01 * sizes[1]


def test_pieces_are_counted_and_never_crossed():
    counted = BASE.pieces(["ab ab\n    ab"])
    assert counted[tuple(BASE.encode(" ab").tolist())] == 1
    assert sum(counted.values()) == 4


def test_a_source_that_repeats_nothing_adds_nothing():
    same, pairs = extended(BASE, ["x = 1\n"], 100)
    assert pairs == [] and len(same) == len(BASE)
    assert extended(BASE, [], 100)[1] == []


def test_rows_of_new_tokens_are_mixed_of_their_parts():
    rows = extended_embedding(np.eye(3, dtype=np.float32), [(0, 1), (3, 2)])
    np.testing.assert_allclose(rows[3], [FIRST_SHARE, 1 - FIRST_SHARE, 0])
    np.testing.assert_allclose(rows[4], FIRST_SHARE * rows[3] + (1 - FIRST_SHARE) * rows[2])
