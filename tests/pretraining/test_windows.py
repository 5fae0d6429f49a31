"""Windows hold what the stream holds, only in another order."""

import numpy as np
import pytest

from dlcodegen_core.models.sequence.network_pass import CONTEXT
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, FILL_IN, FILLED, FROM_HERE
from pretraining.windows import LONGEST_MIDDLE, LONGEST_SUFFIX, SHORTEST_SUFFIX, WindowCutter, with_gap

NEWLINE = 10


@pytest.fixture
def stream():
    """Files of 300 tokens; a line every seven."""
    files = np.random.default_rng(0).integers(11, 8192, (20, 300))
    files[:, ::7] = NEWLINE
    files[:, -1] = END_OF_FILE
    return np.concatenate([[END_OF_FILE], files.ravel()]).astype(np.uint16)


@pytest.fixture
def cutter(stream):
    return WindowCutter(stream, np.arange(8192) == NEWLINE, seed=1)


def test_a_gap_written_and_read_back_is_the_text():
    text = np.arange(100, 200)
    gap = with_gap(text, 40, 50, 20)
    assert gap.tokens[0] == FILL_IN and gap.tokens[gap.end] == FILLED
    here = int(np.flatnonzero(gap.tokens == FROM_HERE)[0])
    suffix, before, middle = gap.tokens[1:here], gap.tokens[here + 1 : gap.start], gap.tokens[gap.start : gap.end]
    assert np.array_equal(np.concatenate([before, middle, suffix]), text[:70])


def test_every_window_with_a_gap_is_whole_and_comes_from_the_stream(cutter, stream):
    text = stream.tobytes()
    for _ in range(300):
        gap = cutter.gap()
        assert len(gap.tokens) == CONTEXT + 1
        here = int(np.flatnonzero(gap.tokens == FROM_HERE)[0])
        assert gap.tokens[0] == FILL_IN and gap.tokens[gap.end] == FILLED
        assert SHORTEST_SUFFIX <= here - 1 <= LONGEST_SUFFIX
        assert 1 <= gap.end - gap.start <= LONGEST_MIDDLE
        original = np.concatenate([gap.tokens[here + 1 : gap.end], gap.tokens[1:here]])
        assert original.astype(np.uint16).tobytes() in text
        rest = gap.tokens[gap.end + 1 :]
        assert rest.size == 0 or rest[0] == END_OF_FILE


def test_many_gaps_begin_at_lines_and_end_before_them(cutter):
    gaps = [cutter.gap() for _ in range(300)]
    begin = np.mean([gap.tokens[gap.start - 1] == NEWLINE for gap in gaps])
    end = np.mean([gap.tokens[1] == NEWLINE for gap in gaps])
    assert begin > 0.4 and end > 0.4


def test_the_share_of_gaps_in_a_batch_is_as_asked_and_plain_windows_have_no_marks(cutter):
    batch = cutter.batch(400, 0.35)
    assert batch.shape == (400, CONTEXT + 1)
    assert 0.25 < (batch[:, 0] == FILL_IN).mean() < 0.45
    assert not np.isin(cutter.batch(50, 0.0), [FILL_IN, FROM_HERE, FILLED]).any()


def test_the_same_seed_cuts_the_same_windows(stream):
    newlines = np.arange(8192) == NEWLINE
    first, second = (WindowCutter(stream, newlines, 3).batch(20, 0.5) for _ in range(2))
    assert np.array_equal(first, second)
