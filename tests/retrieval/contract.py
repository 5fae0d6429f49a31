"""What the index must do alike in an embedded Chroma and on a real server; real pairs, and words for an embedder."""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dlcodegen_core.data.demo import standard_library_pairs
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.errors import DatasetError, RetrievalError
from dlcodegen_core.features.embedding import CachedEmbedder, unit_vectors
from dlcodegen_core.features.embedding_store import EmbeddingStore
from dlcodegen_core.features.layout import EMBEDDING
from dlcodegen_core.retrieval import IndexState, IndexStatus, PairIndex
from dlcodegen_core.retrieval.chroma import Chroma
from dlcodegen_core.retrieval.index_locks import IndexLocks

REAL_PAIRS = 300
PAIRS = [
    Pair("open the file", "f = open(path)"),
    Pair("close the file", "f.close()"),
    Pair("sort numbers", "sorted(n)"),
]


class WordEmbedder:
    """Counts words in 384 places: texts with the same words are near each other. Remembers what it was asked."""

    title = "a word embedder"

    def __init__(self, identity: str = "test:words:1") -> None:
        self.identity = identity
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        vectors = np.full((len(texts), EMBEDDING.size), 0.001, np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+|\S", text):
                vectors[row, zlib.crc32(word.encode("utf-8", "replace")) % EMBEDDING.size] += 1
        return unit_vectors(vectors, self.title)


@dataclass
class Workplace:
    """A store and all that an index of it needs."""

    store: DatasetStore
    folder: Path
    new_chroma: Callable[[], Chroma]
    words: WordEmbedder = field(default_factory=WordEmbedder)

    def index(self) -> PairIndex:
        """An index as another process would have it."""
        embedder = CachedEmbedder(self.words, EmbeddingStore(self.folder / "embeddings.sqlite"))
        return PairIndex(self.store, self.new_chroma(), IndexLocks(self.folder), lambda: embedder)


class CalledOff(BaseException):
    """As a task raises it."""


def silent(_what: str, _done: int, _total: int) -> None:
    pass


def call_off_at(number: int) -> Callable[[str, int, int], None]:
    """Progress that calls a build off once that many pairs are in."""

    def progress(_what: str, done: int, _total: int) -> None:
        if done >= number:
            raise CalledOff

    return progress


def row_ids(store: DatasetStore) -> list[int]:
    return [row.id for row in store.page("d").rows]


def targets(index: PairIndex, prompt: str, count: int = 3) -> list[str]:
    return [neighbour.pair.target for neighbour in index.nearest("d", prompt, count)]


def the_most_alike_comes_first(place: Workplace) -> None:
    info = place.store.create("d", PAIRS)
    index = place.index()
    assert index.build("d", silent) == IndexState(IndexStatus.CURRENT, 1, 1, 3, place.words.identity)
    found = index.nearest("d", "close the file", 2)
    assert [neighbour.pair for neighbour in found] == [PAIRS[1], PAIRS[0]]
    assert [neighbour.row_id for neighbour in found] == [row_ids(place.store)[1], row_ids(place.store)[0]]
    assert found[0].similarity == pytest.approx(1, abs=1e-5)
    assert found[1].similarity == pytest.approx(2 / 3, abs=0.01)
    assert len(index.nearest(info.name, "file", 100)) == 3
    assert index.nearest("d", " \n", 3) == []


def what_cannot_be_asked_is_told(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    index = place.index()
    assert index.state("d") == IndexState(IndexStatus.MISSING, 0, 1, 0, place.words.identity)
    with pytest.raises(RetrievalError, match=r"d has no index yet. Build it first"):
        index.nearest("d", "file", 1)
    for ask in (index.state, lambda name: index.build(name, silent), lambda name: index.nearest(name, "file", 1)):
        with pytest.raises(DatasetError, match="no dataset called 'e'"):
            ask("e")
    for count in (0, -1, 101):
        with pytest.raises(RetrievalError, match="1 to 100"):
            index.nearest("d", "file", count)


def it_finds_what_an_exact_search_finds(place: Workplace) -> None:
    place.store.create("d", standard_library_pairs(REAL_PAIRS))
    index = place.index()
    index.build("d", silent)
    rows = list(place.store.each("d"))
    vectors = place.words.embed([row.pair.prompt for row in rows])
    found, wanted = 0, 0
    for row, vector in list(zip(rows, vectors, strict=True))[::5]:
        exact = np.sort(vectors @ vector)[::-1][:10]
        neighbours = index.nearest("d", row.pair.prompt, 10)
        # by similarity: which of several equally near ones is found does not matter
        found += sum(neighbour.similarity >= exact[-1] - 1e-5 for neighbour in neighbours)
        wanted += 10
        assert [one.similarity for one in neighbours] == sorted((one.similarity for one in neighbours), reverse=True)
    assert found / wanted >= 0.99


def it_follows_the_newest_revision(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    index = place.index()
    index.build("d", silent)
    assert targets(index, "close the file") == ["f.close()", "f = open(path)", "sorted(n)"]
    opened, closed, _sorted = row_ids(place.store)
    better = replace(PAIRS[1], prompt="shut the file")
    place.store.save(
        "d", 1, Edits(changed={closed: better}, deleted=[opened], added=[Pair("sort names", "names.sort()")])
    )
    assert index.state("d") == IndexState(IndexStatus.BEHIND, 1, 2, 3, place.words.identity)
    assert targets(index, "close the file") == ["sorted(n)"], "rows that have gone are left out"
    place.words.asked.clear()
    assert index.build("d", silent) == IndexState(IndexStatus.CURRENT, 2, 2, 3, place.words.identity)
    assert sorted(place.words.asked) == ["shut the file", "sort names"], "only what is new is embedded"
    assert set(targets(index, "sort")) == {"f.close()", "sorted(n)", "names.sort()"}
    place.words.asked.clear()
    index.build("d", silent)
    assert place.words.asked == [], "a build of what is built does nothing"


def pairs_with_the_same_prompt_are_found_together(place: Workplace) -> None:
    copies = [Pair("close the file", f"copy {number}") for number in range(400)]
    place.store.create("d", [*copies, *PAIRS])
    index = place.index()
    index.build("d", silent)
    assert targets(index, "close the file", 2) == ["copy 0", "copy 1"]
    assert targets(index, "open the file", 2) == ["f = open(path)", "copy 0"]
    assert len(index.nearest("d", "close the file", 100)) == 100
    place.store.save("d", 1, Edits(deleted=row_ids(place.store)[:99], added=[Pair("open the file", "again")]))
    place.words.asked.clear()
    index.build("d", silent)
    assert place.words.asked == []
    assert targets(index, "close the file", 2) == ["copy 99", "copy 100"]
    assert targets(index, "open the file", 3) == ["f = open(path)", "again", "copy 99"]


def what_comes_back_from_the_trash_is_found_again(place: Workplace) -> None:
    first = place.store.create("d", PAIRS)
    index = place.index()
    index.build("d", silent)
    place.store.save("d", 1, Edits(deleted=[row_ids(place.store)[0]]))
    assert place.store.bring_back("d", 2).fingerprint == first.fingerprint
    assert index.state("d").status is IndexStatus.BEHIND, "the same content, in other rows"
    index.build("d", silent)
    assert targets(index, "open the file", 1) == ["f = open(path)"]


def another_process_sees_what_was_built(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    one, other = place.index(), place.index()
    one.build("d", silent)
    assert targets(other, "sort names", 1) == ["sorted(n)"]
    place.store.save("d", 1, Edits(added=[Pair("sort names", "names.sort()")]))
    one.build("d", silent)
    assert targets(other, "sort names", 1) == ["names.sort()"]
    place.store.save("d", 2, Edits(added=[Pair("sort words", "words.sort()")]))
    assert other.build("d", silent).pairs == 5
    assert targets(one, "sort words", 1) == ["words.sort()"]
    assert len(targets(one, "sort words", 5)) == 5


def a_build_called_off_is_told_and_finished_by_the_next(place: Workplace) -> None:
    place.store.create("d", standard_library_pairs(REAL_PAIRS))
    index = place.index()
    with pytest.raises(CalledOff):
        index.build("d", call_off_at(250))
    assert index.state("d") == IndexState(IndexStatus.HALF_BUILT, 0, 1, 0, place.words.identity)
    with pytest.raises(RetrievalError, match=r"broken off. Build it again"):
        index.nearest("d", "import", 1)
    embedded = list(place.words.asked)
    other = place.index()
    assert other.build("d", silent).pairs == REAL_PAIRS
    assert len(place.words.asked) == len(set(place.words.asked)), "nothing is embedded twice"
    assert place.words.asked[: len(embedded)] == embedded
    prompt = place.store.page("d").rows[-1].pair.prompt
    assert index.nearest("d", prompt, 1)[0].similarity == pytest.approx(1, abs=1e-5)


def an_update_called_off_is_no_whole_index_either(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    index = place.index()
    index.build("d", silent)
    place.store.save("d", 1, Edits(added=[Pair("sort names", "names.sort()")]))
    with pytest.raises(CalledOff):
        index.build("d", call_off_at(4))
    assert index.state("d").status is IndexStatus.HALF_BUILT
    place.store.save("d", 2, Edits(deleted=[row_ids(place.store)[-1]]))
    assert index.build("d", silent) == IndexState(IndexStatus.CURRENT, 3, 3, 3, place.words.identity)
    assert "names.sort()" not in targets(index, "sort names")


def nobody_reads_or_builds_while_one_builds(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    one, other = place.index(), place.index()
    one.build("d", silent)
    place.store.save("d", 1, Edits(added=[Pair("sort names", "names.sort()")]))
    seen: list[IndexStatus] = []

    def look(_what: str, _done: int, _total: int) -> None:
        seen.append(other.state("d").status)
        with pytest.raises(RetrievalError, match=r"being built. Wait"):
            other.nearest("d", "file", 1)
        if len(seen) == 1:
            with pytest.raises(RetrievalError, match="being built already"):
                other.build("d", silent)

    one.build("d", look)
    assert set(seen) == {IndexStatus.BUILDING}
    assert targets(other, "sort names", 1) == ["names.sort()"]


def an_index_is_of_one_embedder(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    place.index().build("d", silent)
    place.words = WordEmbedder("test:words:2")
    index = place.index()
    assert index.state("d") == IndexState(IndexStatus.OTHER_EMBEDDER, 0, 1, 0, "test:words:1")
    with pytest.raises(RetrievalError, match=r"vectors of test:words:1, but in use is test:words:2\. Build"):
        index.nearest("d", "file", 1)
    index.build("d", silent)
    assert targets(index, "sort", 1) == ["sorted(n)"]
    place.words = WordEmbedder()
    assert place.index().state("d").status is IndexStatus.CURRENT, "that of the first is still there"


def an_index_goes_with_its_dataset_not_with_a_name(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    index = place.index()
    index.build("d", silent)
    place.store.rename("d", "e")
    place.store.create("d", [Pair("something else", "entirely")])
    assert index.state("d").status is IndexStatus.MISSING
    assert index.state("e").status is IndexStatus.CURRENT
    index.build("d", silent)
    assert targets(index, "close the file") == ["entirely"]
    assert index.nearest("e", "close the file", 1)[0].pair == PAIRS[1]


CONTRACT: list[Callable[[Workplace], None]] = [
    the_most_alike_comes_first,
    what_cannot_be_asked_is_told,
    it_finds_what_an_exact_search_finds,
    it_follows_the_newest_revision,
    pairs_with_the_same_prompt_are_found_together,
    what_comes_back_from_the_trash_is_found_again,
    another_process_sees_what_was_built,
    a_build_called_off_is_told_and_finished_by_the_next,
    an_update_called_off_is_no_whole_index_either,
    nobody_reads_or_builds_while_one_builds,
    an_index_is_of_one_embedder,
    an_index_goes_with_its_dataset_not_with_a_name,
]
