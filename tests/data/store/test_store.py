"""Stored datasets: revisions, conflicts, the trash, and what a full disk or a killed process leaves behind."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.errors import DatasetError, EditConflict, StorageError
from dlcodegen_core.storage.database import open_database

A, B, C = Pair("a", "1", "python", "a.py", 1), Pair("b", "2"), Pair("c", "3")
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)
pairs = st.builds(Pair, texts, texts, st.none() | st.just("go"), st.none() | texts, st.none() | st.integers(0, 9))


class Clock:
    """A minute later each time it is asked."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'workbench.sqlite'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> DatasetStore:
    return DatasetStore(engine, now=Clock())


def _ids(store: DatasetStore, name: str = "d") -> list[int]:
    return [row.id for row in store.page(name).rows]


def test_a_new_dataset_is_revision_one_with_its_particulars(store: DatasetStore) -> None:
    info = store.create("d", [A, B], origin="upload", note="first")
    assert store.info("d") == info == store.infos()[0]
    assert (info.revision, info.pair_count, info.origin, info.note) == (1, 2, "upload", "first")
    assert datetime(2026, 1, 1, tzinfo=UTC) < info.created_at == info.changed_at


@settings(max_examples=30, deadline=None)
@given(st.lists(pairs, min_size=1, max_size=5), st.lists(pairs, min_size=1, max_size=5))
def test_any_text_comes_back_as_it_was_also_from_an_old_revision(first: list[Pair], added: list[Pair]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/a.sqlite")
        store = DatasetStore(engine)
        store.create("d", first)
        store.save("d", 1, Edits(added=added))
        assert store.pairs("d") == first + added
        assert store.pairs("d", 1) == first
        engine.dispose()


@pytest.mark.parametrize("text", ["שלום עולם", "👩‍👩‍👧 = 1", "a\r\nb\rc\n", " \u2028x", "ﬁ"])
def test_unusual_text_is_kept_to_the_letter(store: DatasetStore, text: str) -> None:
    store.create("d", [Pair(text, text)])
    assert store.pairs("d") == [Pair(text, text)]


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", "a\nb", "x" * 81, "\ud800"])
def test_a_name_that_cannot_be_one_is_refused(store: DatasetStore, name: str) -> None:
    with pytest.raises(DatasetError, match="cannot be a dataset's name"):
        store.create(name, [A])


def test_a_name_in_use_is_refused_with_a_free_one_suggested(store: DatasetStore) -> None:
    store.create("d", [A])
    store.create("d 2", [A])
    with pytest.raises(DatasetError, match=r"already a dataset called 'd'\. .* such as 'd 3'"):
        store.create("d", [B])
    with pytest.raises(DatasetError, match="already a dataset called 'd'"):
        store.rename("d 2", "d")
    assert store.pairs("d") == [A]


@pytest.mark.parametrize("name", ["nothing", "", "\udcff"])
def test_an_unknown_name_is_told_with_those_there_are(store: DatasetStore, name: str) -> None:
    store.create("mine", [A])
    with pytest.raises(DatasetError, match=r"There are: mine\."):
        store.info(name)


def test_an_edit_makes_the_next_revision_and_leaves_the_one_before(store: DatasetStore) -> None:
    store.create("d", [A, B, C])
    first, second, _third = _ids(store)
    info = store.save("d", 1, Edits(changed={first: Pair("A", "1")}, added=[Pair("d", "4")], deleted=[second]), "mine")
    assert (info.revision, info.pair_count, info.note) == (2, 3, "mine")
    assert store.pairs("d") == [Pair("A", "1"), C, Pair("d", "4")]
    assert store.pairs("d", 1) == [A, B, C]


def test_the_history_tells_what_each_revision_changed(store: DatasetStore) -> None:
    store.create("d", [A, B])
    store.save("d", 1, Edits(added=[C], deleted=[_ids(store)[0]]))
    told = [
        (revision.number, revision.pair_count, revision.added, revision.removed) for revision in store.revisions("d")
    ]
    assert told == [(2, 2, 1, 1), (1, 2, 2, 0)]


def test_the_latest_change_comes_first(store: DatasetStore) -> None:
    store.create("old", [A])
    store.create("new", [A])
    store.save("old", 1, Edits(added=[B]))
    assert [info.name for info in store.infos()] == ["old", "new"]
    assert store.infos()[0].created_at < store.infos()[1].created_at


def test_an_editor_who_comes_too_late_is_told_and_nothing_changes(store: DatasetStore) -> None:
    store.create("d", [A])
    store.save("d", 1, Edits(added=[B]))
    for late in (lambda: store.save("d", 1, Edits(added=[C])), lambda: store.restore("d", 1, base_revision=1)):
        with pytest.raises(EditConflict, match=r"saved as revision 2 .* editing revision 1.*Reload"):
            late()
    assert store.pairs("d") == [A, B]


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        (lambda ids: Edits(), "nothing was changed"),
        (lambda ids: Edits(changed={ids[0]: A}), "nothing was changed"),
        (lambda ids: Edits(deleted=ids), "no pair at all"),
        (lambda ids: Edits(deleted=[ids[0]], added=[Pair("", "x")]), "prompt is empty"),
        (lambda ids: Edits(deleted=[ids[0], 999]), "no longer there"),
        (lambda ids: Edits(changed={999: C}), "no longer there"),
    ],
)
def test_edits_that_cannot_be_saved_change_nothing(
    store: DatasetStore, edits: Callable[[list[int]], Edits], told: str
) -> None:
    before = store.create("d", [A, B])
    with pytest.raises(DatasetError, match=told):
        store.save("d", 1, edits(_ids(store)))
    assert store.info("d") == before
    assert store.pairs("d") == [A, B]


def test_rows_of_another_dataset_cannot_be_edited(store: DatasetStore) -> None:
    store.create("d", [A])
    store.create("other", [B])
    with pytest.raises(DatasetError, match="no longer there"):
        store.save("d", 1, Edits(changed={_ids(store, "other")[0]: C}))
    assert store.pairs("other") == [B]


def test_an_old_revision_can_be_brought_back_in_its_order(store: DatasetStore) -> None:
    before = store.create("d", [A, B, C])
    first, second, _third = _ids(store)
    store.save("d", 1, Edits(changed={second: Pair("B", "2")}, deleted=[first], added=[Pair("d", "4")]))
    info = store.restore("d", 1, base_revision=2)
    assert store.pairs("d") == [A, B, C]
    assert (info.revision, info.fingerprint) == (3, before.fingerprint)
    assert store.pairs("d", 2) == [Pair("B", "2"), C, Pair("d", "4")]


def test_restoring_brings_back_sources_too_but_never_what_is_there_already(store: DatasetStore) -> None:
    store.create("d", [A])
    store.save("d", 1, Edits(changed={_ids(store)[0]: Pair("a", "1", "python")}))
    store.restore("d", 1, base_revision=2)
    assert store.pairs("d") == [A]
    with pytest.raises(DatasetError, match="Nothing to restore"):
        store.restore("d", 1, base_revision=3)


def test_an_unknown_revision_is_told_with_the_newest(store: DatasetStore) -> None:
    store.create("d", [A])
    with pytest.raises(DatasetError, match=r"d has no revision 7\. The newest is 1"):
        store.pairs("d", 7)


def test_pages_follow_each_other_and_number_their_rows(store: DatasetStore) -> None:
    store.create("d", [Pair(f"p{index}", "t") for index in range(25)])
    page = store.page("d", 3, page_size=10)
    assert [(row.number, row.pair.prompt) for row in page.rows] == [
        (number, f"p{number - 1}") for number in range(21, 26)
    ]
    assert (page.total, page.pages) == (25, 3)
    assert store.page("d", 99, page_size=10) == page


@pytest.mark.parametrize(
    ("search", "found"),
    [("100%", ["100%"]), ("a_b", ["a_b"]), ("\\", ["c:\\"]), ("ÉTÉ", ["été"]), ("É", ["été"]), ("T", ["été"]),
     ("nothing", []), ("\ud800", [])],
)  # fmt: skip
def test_a_search_takes_every_character_literally_and_no_heed_of_case(
    store: DatasetStore, search: str, found: list[str]
) -> None:
    store.create("d", [Pair(prompt, "1") for prompt in ("100%", "1000", "a_b", "axb", "c:\\", "été")])
    page = store.page("d", wanted=search)
    assert [row.pair.prompt for row in page.rows] == found
    assert page.total == len(found)


def test_a_search_looks_into_targets_and_old_revisions(store: DatasetStore) -> None:
    store.create("d", [Pair("x", "Needle"), B])
    store.save("d", 1, Edits(deleted=[_ids(store)[0]]))
    assert store.page("d", wanted="needle").total == 0
    assert store.page("d", wanted="needle", revision=1).total == 1
    with pytest.raises(DatasetError, match="at most 1,000 characters"):
        store.page("d", wanted="x" * 1001)


def test_a_renamed_dataset_keeps_its_history(store: DatasetStore) -> None:
    store.create("d", [A])
    assert store.rename("d", "e").name == "e"
    assert store.pairs("e", 1) == [A]


def test_the_trash_hides_a_dataset_and_frees_its_name(store: DatasetStore) -> None:
    store.create("d", [A])
    store.delete("d")
    assert not store.infos()
    assert [info.name for info in store.deleted()] == ["d"]
    store.create("d", [B])
    with pytest.raises(DatasetError, match="Rename that one first"):
        store.undelete("d")
    store.rename("d", "e")
    store.undelete("d")
    assert (store.pairs("d"), store.pairs("e")) == ([A], [B])
    with pytest.raises(DatasetError, match="in the trash"):
        store.undelete("d")


def test_of_several_deleted_under_one_name_the_last_comes_back(store: DatasetStore) -> None:
    for pair in (A, B):
        store.create("d", [pair])
        store.delete("d")
    assert store.undelete("d") and store.pairs("d") == [B]


def test_an_origin_is_remembered_through_the_trash(store: DatasetStore) -> None:
    store.create("d", [A], origin="example", once=True)
    store.delete("d")
    assert store.has_ever_had("example")
    store.create("other", [B], origin="example", once=True)
    assert not store.infos()


def test_a_full_disk_leaves_the_old_content(store: DatasetStore, engine: Engine) -> None:
    store.create("d", [A])
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    big = [Pair("x" * 50_000, "y")] * 20
    with pytest.raises(StorageError, match=r"full.*nothing that was saved is lost"):
        store.save("d", 1, Edits(added=big))
    with pytest.raises(StorageError, match="full"):
        store.create("big", big)
    assert [(info.name, info.revision) for info in store.infos()] == [("d", 1)]
    assert store.pairs("d") == [A]


KILLED = """
import sys, time
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.storage.database import open_database

class Stuck(list):
    # Edits are read once to be checked, then again to be stored: it stops in the middle, for the test to kill us.
    reads = 0
    def __iter__(self):
        self.reads += 1
        for place, pair in enumerate(list.__iter__(self)):
            if self.reads == (1 if sys.argv[2] == "create" else 2) and place == 15_000:
                print("in the middle", flush=True)
                time.sleep(60)
            yield pair

pairs = Stuck(Pair(f"prompt {n}" * 20, "target") for n in range(20_000))
store = DatasetStore(open_database(sys.argv[1]))
store.create("big", pairs) if sys.argv[2] == "create" else store.save("d", 1, STUCK)
"""


@pytest.mark.parametrize("action", ["create", "save"])
def test_a_process_killed_in_the_middle_leaves_the_old_content(store: DatasetStore, url: str, action: str) -> None:
    before = store.create("d", [A, B])
    code = KILLED.replace("STUCK", "Edits(deleted=[1], added=pairs)")
    process = subprocess.Popen([sys.executable, "-c", code, url, action], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.kill()
    fresh = open_database(url)
    again = DatasetStore(fresh)
    assert again.infos() == [before]
    assert again.pairs("d") == [A, B]
    assert again.save("d", 1, Edits(added=[C])).revision == 2
    fresh.dispose()


RACING = """
import sys
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.errors import DatasetError
from dlcodegen_core.storage.database import open_database

store = DatasetStore(open_database(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
pairs = [Pair(f"{sys.argv[2]} {n}", "t") for n in range(2_000)]
for action in (lambda: store.create("new", pairs), lambda: store.save("d", 1, Edits(added=pairs))):
    try:
        action()
        print("won")
    except DatasetError as exc:
        print(type(exc).__name__)
"""


def test_of_two_processes_at_once_one_wins_and_the_other_is_told(store: DatasetStore, url: str) -> None:
    store.create("d", [A])
    command = [sys.executable, "-c", RACING, url]
    processes = [
        subprocess.Popen([*command, who], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for who in "xy"
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
    for process in processes:
        process.stdin.write("go\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    creates, saves = zip(*(process.communicate()[0].split() for process in processes), strict=True)
    assert sorted(creates) == ["DatasetError", "won"]
    assert sorted(saves) == ["EditConflict", "won"]
    assert len(store.pairs("new")) == 2_000
    assert len(store.pairs("d")) == 2_001


def test_of_many_threads_saving_at_once_one_wins(store: DatasetStore) -> None:
    store.create("d", [A])
    results: list[str] = []

    def save(number: int) -> None:
        try:
            store.save("d", 1, Edits(added=[Pair(f"thread {number}", "t")]))
            results.append("won")
        except EditConflict:
            results.append("late")

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["late"] * 7 + ["won"]
    assert store.info("d").revision == 2
    assert len(store.pairs("d")) == 2
