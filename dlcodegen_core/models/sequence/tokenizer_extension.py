"""Adds a project's own frequent names to a tokenizer that has learned other code: BPE goes on where it stopped.

The merges that are there stay and come first, so a text that holds none of the new tokens is cut as before. Counted
are pieces, not texts: a name that stands a thousand times is merged once. (Sennrich et al. 2016, "Neural Machine
Translation of Rare Words with Subword Units"; the counts are kept up to date from merge to merge.)
"""

import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.tokenizer import LARGEST_VOCABULARY, LONGEST_TOKEN, CodeTokenizer

FIRST_SHARE = np.float32(0.7)
LOOKED_AT = 4_000_000  # characters
LEAST_SIGHTINGS = 10  # of a pair to become a token

Pair = tuple[int, int]
Floats = NDArray[np.float32]


def extended(tokenizer: CodeTokenizer, texts: Sequence[str], most: int) -> tuple[CodeTokenizer, list[Pair]]:
    """The tokenizer with at most `most` more tokens, and the two tokens that each of the new ones is made of."""
    most = min(most, LARGEST_VOCABULARY - len(tokenizer))
    # Names that are frequent are so in any part of a large source.
    every = max(1, sum(map(len, texts)) // LOOKED_AT)
    merges = _merges(tokenizer.pieces(texts[::every]), tokenizer, most)
    content = json.loads(tokenizer.to_json())
    model = content["model"]
    names = {number: name for name, number in model["vocab"].items()}
    for number, (first, second) in enumerate(merges, start=len(tokenizer)):
        names[number] = names[first] + names[second]
        model["vocab"][names[number]] = number
        model["merges"].append([names[first], names[second]])
    return CodeTokenizer.from_json(json.dumps(content)), merges


def extended_embedding(embedding: Floats, pairs: Sequence[Pair]) -> Floats:
    """One more row for each new token, mixed of those of the two that it is made of: mostly the first, since where
    the network expected that it should now expect the whole."""
    rows = list(embedding)
    for first, second in pairs:
        rows.append(FIRST_SHARE * rows[first] + (1 - FIRST_SHARE) * rows[second])
    return np.array(rows, np.float32)


def _merges(pieces: Counter[tuple[int, ...]], tokenizer: CodeTokenizer, most: int) -> list[Pair]:
    """The pairs to merge, the most frequent first, each counted after the merges before it."""
    words = [(list(tokens), count) for tokens, count in pieces.items() if len(tokens) > 1]
    sizes = {number: len(content) for number, content in enumerate(tokenizer.bytes_of)}
    texts = dict(enumerate(tokenizer.bytes_of))
    known = set(tokenizer.bytes_of)
    counts: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[int]] = defaultdict(set)
    for place, (tokens, count) in enumerate(words):
        for pair in pairwise(tokens):
            counts[pair] += count
            where[pair].add(place)
    waiting = [(-count, pair) for pair, count in counts.items() if count >= LEAST_SIGHTINGS]
    heapq.heapify(waiting)
    merges: list[Pair] = []
    while waiting and len(merges) < most:
        count, pair = heapq.heappop(waiting)
        if -count != counts[pair]:  # counted anew since it was put there
            if counts[pair] >= LEAST_SIGHTINGS:
                heapq.heappush(waiting, (-counts[pair], pair))
            continue
        text = texts[pair[0]] + texts[pair[1]]
        if sizes[pair[0]] + sizes[pair[1]] > LONGEST_TOKEN or text in known:
            continue
        known.add(text)
        new = len(tokenizer) + len(merges)
        merges.append(pair)
        texts[new], sizes[new] = text, len(text)
        changed: set[Pair] = set()
        for place in where.pop(pair):
            tokens, times = words[place]
            for old in pairwise(tokens):
                counts[old] -= times
            tokens[:] = _merged(tokens, pair, new)
            for now in pairwise(tokens):
                counts[now] += times
                where[now].add(place)
                changed.add(now)
        for now in changed:
            if new in now and counts[now] >= LEAST_SIGHTINGS:
                heapq.heappush(waiting, (-counts[now], now))
    return merges


def _merged(tokens: Sequence[int], pair: Pair, new: int) -> list[int]:
    result: list[int] = []
    place = 0
    while place < len(tokens):
        if place + 1 < len(tokens) and (tokens[place], tokens[place + 1]) == pair:
            result.append(new)
            place += 2
        else:
            result.append(tokens[place])
            place += 1
    return result
