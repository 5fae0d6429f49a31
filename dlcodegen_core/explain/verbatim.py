"""The longest stretch of a completion that stands word for word in one file of the training source.

Matching is by tokens, so a stretch ends with a token of both. A match never crosses files: what lies between them is
in no completion.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.suffix_array import LONGEST_CONTEXT, SuffixArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Tokens start..end of the completion. before: how many tokens just before them stand there too. positions: of
    the first of start..end in the source, ascending, all places there are.
    """

    start: int
    end: int
    before: int
    positions: Ints


def longest_stretch(source: SuffixArray, before: Ints, completion: Ints, sizes: Ints) -> Stretch | None:
    """The stretch of the completion that is longest by `sizes`, which holds the length of each of its tokens; of those
    alike, the one with most of `before`, which precedes it. None if no token of it was ever counted.
    """
    whole = np.concatenate([before, completion])
    lengths = np.concatenate([[0], np.cumsum(sizes)])
    best: Stretch | None = None
    best_key = (0, 0)
    for end in range(1, len(completion) + 1):
        match, ends = longest_match(source, whole[: len(before) + end])
        start = max(0, end - match)
        key = (int(lengths[end] - lengths[start]), match)
        if match and key > best_key:
            # A match of 0 characters says nothing, unless there is nothing better.
            best, best_key = Stretch(start, end, match - (end - start), np.sort(ends) - (end - start)), key
    return best


def longest_match(source: SuffixArray, text: Ints) -> tuple[int, Ints]:
    """How many tokens at the end of `text` stand anywhere in the source, and the positions behind them there."""
    found = source.find(text[-LONGEST_CONTEXT:].tolist(), range(1, LONGEST_CONTEXT + 1))
    if not found:
        return 0, np.zeros(0, np.int64)
    low, high = found[-1]
    ends = source.order[low:high].astype(np.int64)
    match = len(found)
    if match == LONGEST_CONTEXT:  # the source is sorted no further; go on token by token
        while match < len(text):
            longer = ends[ends > match]
            longer = longer[source.tokens[longer - match - 1] == text[-match - 1]]
            if not len(longer):
                break
            ends, match = longer, match + 1
    return match, ends
