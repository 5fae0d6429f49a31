"""How much of a kept text is still there in the text as it is later: acceptance alone is a bad teacher.

Told in characters of code tokens that stand there in the same order, at the place that looks most like it. Blanks and
line ends do not count, so that a formatter takes nothing away. What a person wrote elsewhere does not count either,
unless the place itself is gone.
"""

from collections.abc import Iterator

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from dlcodegen_core.features.code_tokens import split_tokens

MAX_LATER_CHARACTERS = 1_000_000
LINES_OF_PLACE = 2  # whole ones of the prompt, by which the place is found again
PLACES = 20  # where the same lines stand that are looked at
ROOM = 400  # characters beside the kept text's own length that are looked at behind a place
COMPARED = 500  # characters of the kept text, its beginning
SEARCHED = 100_000  # characters of the later text where the place is gone


def share_kept(prompt: str, kept: str, text_later: str) -> float:
    """The share of `kept`, 0..1, that still stands behind `prompt` in `text_later`."""
    wanted = _visible(kept[:COMPARED])
    if not wanted:
        return 0.0
    return max((_share(wanted, part) for part in _parts(prompt, kept, text_later)), default=0.0)


def _share(wanted: list[str], part: str) -> float:
    """The share of the wanted tokens that stand together in a part of the later text."""
    needle, there = " ".join(wanted), " ".join(_visible(part))
    if needle in there:
        return 1.0
    alignment = fuzz.partial_ratio_alignment(needle, there)
    if alignment is None:
        return 0.0
    # of two texts the shorter is laid along the other; what is left of it there is what counts
    found = there[alignment.dest_start : alignment.dest_end].split(" ")
    blocks = LCSseq.opcodes(wanted, found)
    same = sum(len(token) for one in blocks if one.tag == "equal" for token in wanted[one.src_start : one.src_end])
    return same / sum(map(len, wanted))


def _parts(prompt: str, kept: str, text: str) -> Iterator[str]:
    """The parts of `text` in which the kept text would stand: behind the end of the prompt, as much as is found."""
    lines = prompt.split("\n")
    for start in range(max(0, len(lines) - 1 - LINES_OF_PLACE), len(lines)):
        mark = "\n".join(lines[start:])
        place = text.find(mark) if mark.strip() else -1
        if place < 0:
            continue
        for _one in range(PLACES):
            begin = place + len(mark)
            yield text[begin : begin + min(len(kept), COMPARED) + ROOM]
            if (place := text.find(mark, place + 1)) < 0:
                break
        return
    yield text[:SEARCHED]


def _visible(text: str) -> list[str]:
    return [token for piece in split_tokens(text) if (token := piece.strip())]
