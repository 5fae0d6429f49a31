"""What a sequence model has learned, out of its own stored tokens, and the same with lessons behind it.

The model keeps all its training files as tokens, so a fine-tuning can replay them although the folder or the dataset
they came from is gone. Lessons of an earlier fine-tuning stand behind the files and are left out here: what teaches now
is the feedback as it is now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlcodegen_core.models.sequence.source_map import FileStarts, MappedSource
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import END_OF_FILE, CodeTokenizer

SOURCE_TOKENS = "source_tokens"  # the entry of a card's `tuning` that tells where its lessons begin
# A lesson is counted so many times: the gate trusts what was seen several times, and the taught text stands there
# once, the code that it corrects perhaps often.
REPEATS = 3

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LearnedSource:
    """units: the counted files, or the parts of a few, without an end mark. starts: of the files, None if unknown."""

    tokens: NDArray[np.uint16]
    units: tuple[Ints, ...]
    starts: FileStarts | None

    @classmethod
    def of(cls, source: SuffixArray, tuning: Mapping[str, Any]) -> "LearnedSource":
        """tuning: of the version's card; empty for a version that was not fine-tuned."""
        count = min(int(tuning.get(SOURCE_TOKENS, len(source.tokens))), len(source.tokens))
        tokens = source.tokens[:count]
        ends = np.flatnonzero(tokens == END_OF_FILE)
        units = tuple(part[:-1].astype(np.int64) for part in np.split(tokens, ends + 1) if len(part))
        places = source.places if isinstance(source, MappedSource) else None
        return cls(tokens, units, _beginning(places.files, count) if places else None)

    def with_lessons(self, lessons: Sequence[Ints], name: str) -> tuple[list[Ints], FileStarts | None]:
        """All that the new version counts, and where its files begin; lessons go by the name of their dataset."""
        repeated = [lesson for _time in range(REPEATS) for lesson in lessons]
        if self.starts is None:
            return [*self.units, *repeated], None
        ends = len(self.tokens) + np.cumsum([0, *(len(lesson) + 1 for lesson in repeated)])
        paths = [f"{name}, pair {number}" for _time in range(REPEATS) for number in range(1, len(lessons) + 1)]
        starts = np.concatenate([self.starts.starts, ends[:-1]]).astype(np.uint32)
        return [*self.units, *repeated], FileStarts((*self.starts.paths, *paths), starts, self.starts.jumps)

    def lines(self, tokenizer: CodeTokenizer, shortest: int) -> set[str]:
        """Every line of at least so many characters, without the blanks around it."""
        text = "\n".join(tokenizer.decode(unit) for unit in self.units)
        return {code for line in text.split("\n") if len(code := line.strip()) >= shortest}


def _beginning(files: FileStarts, tokens: int) -> FileStarts:
    """The files that begin within the first `tokens`."""
    count = int(np.searchsorted(files.starts, tokens))
    return FileStarts(files.paths[:count], files.starts[:count], files.jumps[files.jumps[:, 0] < count])
