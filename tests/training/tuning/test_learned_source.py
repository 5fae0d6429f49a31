"""What is replayed comes out of the model itself."""

import numpy as np

from dlcodegen_core.data.source_files import SourceFile
from dlcodegen_core.models.sequence.source_map import FileStarts, MappedSource
from dlcodegen_core.models.sequence.suffix_array import SuffixArray
from dlcodegen_core.models.sequence.tokenizer import CodeTokenizer
from dlcodegen_core.training.tuning.learned_source import REPEATS, SOURCE_TOKENS, LearnedSource

TEXTS = ["import os\nprint(os.sep)\n", "", "def f(x):\n    return x + 1\n"]
TOKENIZER = CodeTokenizer.train(TEXTS, 512)
UNITS = TOKENIZER.encode_all(TEXTS)
FILES = FileStarts.of([SourceFile(f"{n}.py", text) for n, text in enumerate(TEXTS)], TEXTS, UNITS)


def _source(units, files):
    built = SuffixArray.build(units)
    return MappedSource.of(built.tokens, built.order, files, TOKENIZER)


def test_the_files_come_back_as_they_were_counted():
    learned = LearnedSource.of(_source(UNITS, FILES), {})
    assert [TOKENIZER.decode(unit) for unit in learned.units] == TEXTS
    assert learned.starts.paths == FILES.paths
    assert learned.lines(TOKENIZER, 10) == {"print(os.sep)", "return x + 1", "import os"} - {"import os"}


def test_lessons_stand_behind_the_files_several_times_and_have_their_own_place():
    lesson = TOKENIZER.encode("x = 7\n")
    units, files = LearnedSource.of(_source(UNITS, FILES), {}).with_lessons([lesson], "Your feedback")
    source = _source(units, files)
    assert len(units) == 3 + REPEATS and files.paths[3:] == ("Your feedback, pair 1",) * REPEATS
    place = int(np.flatnonzero(source.tokens == lesson[0])[-1])
    assert source.places.at(place).path == "Your feedback, pair 1"


def test_the_lessons_of_an_earlier_fine_tuning_are_left_out():
    first = LearnedSource.of(_source(UNITS, FILES), {})
    source = _source(*first.with_lessons([TOKENIZER.encode("forget = me\n")], "Your feedback"))
    again = LearnedSource.of(source, {SOURCE_TOKENS: len(first.tokens)})
    assert [TOKENIZER.decode(unit) for unit in again.units] == TEXTS
    assert again.starts.paths == FILES.paths


def test_a_version_that_kept_no_places_is_replayed_without():
    units, files = LearnedSource.of(SuffixArray.build(UNITS), {}).with_lessons([UNITS[0]], "Your feedback")
    assert files is None and len(units) == 3 + REPEATS
