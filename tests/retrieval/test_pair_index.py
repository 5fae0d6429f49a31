"""The index in an embedded Chroma: its contract, any text at all, and what damage does."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import RetrievalError
from dlcodegen_core.retrieval import IndexStatus
from dlcodegen_core.retrieval.chroma import DATABASE_FILE, Chroma
from dlcodegen_core.retrieval.index_card import IndexCard, collection_name
from dlcodegen_core.storage.database import open_database
from tests.retrieval.contract import CONTRACT, PAIRS, Workplace, silent, targets


def _workplace(folder: Path) -> Iterator[Workplace]:
    engine = open_database(f"sqlite:///{folder / 'workbench.sqlite'}")
    yield Workplace(DatasetStore(engine), folder / "chroma", lambda: Chroma(folder / "chroma"))
    engine.dispose()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    yield from _workplace(tmp_path)


@pytest.fixture(scope="module")
def built() -> Iterator[Workplace]:
    with tempfile.TemporaryDirectory() as folder:
        for place in _workplace(Path(folder)):
            place.store.create("d", PAIRS)
            place.index().build("d", silent)
            yield place


@pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__)
def test_an_embedded_chroma_keeps_the_contract(place: Workplace, rule: Callable[[Workplace], None]) -> None:
    rule(place)


def test_any_text_has_its_neighbours(built: Workplace) -> None:
    index = built.index()

    @settings(max_examples=60, deadline=None)
    @given(st.text(st.characters()), st.integers(1, 5))
    def check(prompt: str, count: int) -> None:
        found = index.nearest("d", prompt, count)
        assert len(found) == (min(count, len(PAIRS)) if prompt.strip() else 0)
        assert all(0 <= neighbour.similarity <= 1 for neighbour in found)

    check()


def test_to_ask_where_nothing_was_built_leaves_nothing_on_the_disk(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    index = place.index()
    assert index.state("d").status is IndexStatus.MISSING
    with pytest.raises(RetrievalError, match="no index yet"):
        index.nearest("d", "file", 1)
    assert not (place.folder / DATABASE_FILE).exists()


def test_a_damaged_index_is_told_and_mended_by_the_next_build(place: Workplace) -> None:
    # as many as Chroma keeps in its own database before it writes files
    many = [replace(PAIRS[number % 3], prompt=f"{PAIRS[number % 3].prompt} {number}") for number in range(1_000)]
    place.store.create("d", many)
    place.index().build("d", silent)
    files = [file for file in place.folder.glob("*/*") if file.is_file()]
    assert files
    for file in files:
        file.write_bytes(b"no index " * 9)
    index = place.index()
    with pytest.raises(RetrievalError, match=r"cannot be used.*remove that folder"):
        index.nearest("d", many[7].prompt, 10)
    assert index.build("d", silent).status is IndexStatus.CURRENT
    assert len(index.nearest("d", many[7].prompt, 10)) == 10


def test_a_damaged_database_of_chroma_is_told_in_plain_words(place: Workplace) -> None:
    place.store.create("d", PAIRS)
    place.folder.mkdir()
    (place.folder / DATABASE_FILE).write_bytes(b"no database " * 500)
    index = place.index()
    for ask in (lambda: index.state("d"), lambda: index.build("d", silent), lambda: index.nearest("d", "file", 1)):
        with pytest.raises(
            RetrievalError, match=r"folder chroma of the home folder cannot be used.*remove that folder"
        ):
            ask()


def test_an_index_of_what_the_dataset_never_was_is_built_anew(place: Workplace) -> None:
    """As after the database was put back to a backup: the same dataset and row ids, with other pairs."""
    info = place.store.create("d", PAIRS)
    index = place.index()
    index.build("d", silent)
    kept = place.new_chroma().collection(collection_name(info, place.words.identity))
    assert kept is not None
    kept.write(IndexCard(place.words.identity, 1, "another", 3, stamp="s").to_metadata())
    assert index.state("d").status is IndexStatus.MISSING
    with pytest.raises(RetrievalError, match="no index yet"):
        index.nearest("d", "file", 1)
    index.build("d", silent)
    assert targets(index, "sort numbers", 1) == ["sorted(n)"]
