"""What every database behind the store must do alike; run on SQLite and on a real PostgreSQL server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dlcodegen_core.data.doctor import Flag
from dlcodegen_core.data.pairs import KINDS, Pair
from dlcodegen_core.data.store import Change, DatasetStore, Edits, PairFilter, PairPage
from dlcodegen_core.errors import DatasetError, EditConflict

GO = Pair("func main() {\n\t", "fmt.Println(1)", "go", "cmd/main.go", 4, KINDS[0], "c0ffee", None)
MIDDLE = Pair("total = ", "sum(prices)", "python", "shop/cart.py", 12, KINDS[3], "c0ffee", "\nreturn total\n")
BARE = Pair("a", "1")
UMLAUT = Pair("grüße = 'Straße'\nn = ", "ÉTÉ", "python", "shop/words.py", 2)
ALL = [GO, MIDDLE, BARE, UMLAUT]


def contents(page: PairPage) -> list[Pair]:
    return [row.pair for row in page.rows]


def ids(store: DatasetStore, wanted: PairFilter | str = "") -> list[int]:
    return [row.id for row in store.page("d", wanted=wanted).rows]


def everything_a_pair_carries_comes_back(store: DatasetStore) -> None:
    store.create("d", ALL)
    assert store.pairs("d") == ALL
    assert [row.number for row in store.page("d", page=2, page_size=3).rows] == [4]


def filters_find_their_pairs(store: DatasetStore) -> None:
    store.create("d", ALL)
    for wanted, found in (
        (PairFilter(languages=("go",)), [GO]),
        (PairFilter(languages=("go", None)), [GO, BARE]),
        (PairFilter(languages=(None,)), [BARE]),
        (PairFilter(kinds=(KINDS[3],)), [MIDDLE]),
        (PairFilter(source="shop/cart.py"), [MIDDLE]),
        (PairFilter(source="shop/*"), [MIDDLE, UMLAUT]),
        (PairFilter(source="*_art.py"), []),
        (PairFilter(source="shop/?art.py"), [MIDDLE]),
        (PairFilter(prompt_length=(1, 3)), [BARE]),
        (PairFilter(target_length=(3, 11)), [MIDDLE, UMLAUT]),
        (PairFilter(search="SUM(", languages=("python",)), [MIDDLE]),
        (PairFilter(search="GRÜSSE"), []),
        (PairFilter(search="GRÜß"), [UMLAUT]),
        (PairFilter(search="été"), [UMLAUT]),
        (PairFilter(search="é"), [UMLAUT]),
        (PairFilter(search="ln("), [GO]),
        (PairFilter(search='"'), []),
        (PairFilter(search="a", languages=("go",)), [GO]),
    ):
        page = store.page("d", wanted=wanted)
        assert (contents(page), page.total) == (found, len(found)), wanted
        assert [row.pair for row in store.each("d", wanted)] == found


def histograms_count_what_is_there(store: DatasetStore) -> None:
    store.create("d", ALL)
    told = {bar.label: bar.count for bar in store.bars("d", "language")}
    assert told == {"python": 2, "go": 1, "–": 1}
    assert [(bar.value, bar.count) for bar in store.bars("d", "source", PairFilter(languages=("go",)))] == [
        ("cmd/main.go", 1)
    ]
    lengths = store.bars("d", "target_length")
    assert [(bar.low, bar.high, bar.count) for bar in lengths] == [(0, 10, 2), (11, 20, 2)]
    for bar in lengths:
        assert store.page("d", wanted=PairFilter(target_length=(bar.low, bar.high))).total == bar.count


def deleting_by_filter_moves_to_the_trash_and_back(store: DatasetStore) -> None:
    before = store.create("d", ALL)
    info = store.delete_matching("d", 1, PairFilter(languages=("python",)))
    assert (info.revision, info.pair_count, store.pairs("d")) == (2, 2, [GO, BARE])
    assert contents(store.trash("d")) == [MIDDLE, UMLAUT]
    with pytest.raises(DatasetError, match="no pair matches"):
        store.delete_matching("d", 2, PairFilter(languages=("rust",)))
    with pytest.raises(DatasetError, match="no pair at all"):
        store.delete_matching("d", 2, PairFilter())
    with pytest.raises(EditConflict):
        store.delete_matching("d", 1, PairFilter(languages=("go",)))
    assert store.bring_back("d", 2, [store.trash("d").rows[1].id]).pair_count == 3
    assert store.pairs("d") == [GO, BARE, UMLAUT]
    assert contents(store.trash("d")) == [MIDDLE]
    assert store.bring_back("d", 3).fingerprint == before.fingerprint
    assert store.pairs("d") == ALL
    assert store.trash("d").total == 0
    with pytest.raises(DatasetError, match="no longer in the trash"):
        store.bring_back("d", 4)


def what_is_edited_lies_in_no_trash(store: DatasetStore) -> None:
    store.create("d", ALL)
    better = replace(BARE, target="2")
    store.save("d", 1, Edits(changed={ids(store)[2]: better}))
    assert store.trash("d").total == 0
    store.save("d", 2, Edits(deleted=[ids(store, "a")[0]]))
    store.restore("d", 1, 3)
    assert store.pairs("d") == ALL
    assert store.trash("d").total == 0


def two_revisions_are_told_apart(store: DatasetStore) -> None:
    store.create("d", ALL)
    first, second, third, _fourth = ids(store)
    added, edited = Pair("x", "y"), replace(MIDDLE, target="fsum(prices)")
    store.save("d", 1, Edits(changed={second: edited}, deleted=[first], added=[added]))
    store.save("d", 2, Edits(deleted=[third]))
    store.bring_back("d", 3)
    told = store.difference("d", 1, 2)
    assert (told.added, told.removed, told.changed) == (1, 1, 1)
    assert told.changes == (Change(GO, None), Change(MIDDLE, edited), Change(None, added))
    # what was deleted and has come back is no difference
    told = store.difference("d", 1, 4)
    assert (told.added, told.removed, told.changed) == (1, 0, 1)
    assert told.changes == (Change(MIDDLE, edited), Change(None, added))
    assert store.difference("d", 2, 2).changes == ()


def flags_are_found_and_go_with_their_pairs(store: DatasetStore) -> None:
    store.create("d", ALL)
    first, second, *_rest = ids(store)
    assert store.checkup("d") is None
    store.keep_checkup(
        "d",
        1,
        [Flag(first, "secret", "a key", True), Flag(second, "secret", "no key", False)],
        {"ready": False},
    )
    kept = store.checkup("d")
    assert kept is not None
    assert (kept.revision, kept.report) == (1, {"ready": False})
    assert store.flag_counts("d") == {"secret": (2, 1)}
    assert contents(store.page("d", wanted=PairFilter(flag="secret"))) == [GO, MIDDLE]
    assert contents(store.page("d", wanted=PairFilter(flag="secret", fixable=True))) == [GO]
    assert store.flags([first])[first][0].detail == "a key"
    store.delete_matching("d", 1, PairFilter(flag="secret", fixable=True))
    assert store.pairs("d") == ALL[1:]
    assert store.flag_counts("d") == {"secret": (1, 0)}
    store.keep_checkup("d", 2, [], {"ready": True})
    assert store.flag_counts("d") == {}


def an_import_shows_only_when_it_is_whole(store: DatasetStore) -> None:
    seen: list[int] = []

    def content() -> Iterator[Pair]:
        for number in range(45_000):
            yield Pair(f"p {number}", "t")

    def stored(count: int) -> None:
        seen.append(count)
        assert store.infos() == []

    info = store.create("d", content(), intake={"left out": []}, stored=stored)
    assert (info.pair_count, store.page("d", wanted="p 44999").total) == (45_000, 1)
    assert seen == [20_000, 40_000, 45_000]
    assert store.intake("d") == {"left out": []}


def an_import_called_off_leaves_nothing(store: DatasetStore) -> None:
    class CalledOff(Exception):
        pass

    def stop(_count: int) -> None:
        raise CalledOff

    with pytest.raises(CalledOff):
        store.create("d", (Pair(f"needle {number}", "t") for number in range(12_000)), stored=stop)
    with pytest.raises(DatasetError, match=r"pair 26,001: target is empty"):
        store.create("d", (Pair(f"needle {number}", "t" if number != 26_000 else "") for number in range(30_000)))
    assert store.infos() == []
    store.create("d", [BARE])
    assert store.page("d", wanted="needle").total == 0
    assert store.pairs("d") == [BARE]


def rows_are_found_by_their_ids_as_they_are_asked_for(store: DatasetStore) -> None:
    store.create("d", ALL)
    first, second, third, fourth = ids(store)
    assert [row.pair for row in store.rows("d", [third, 0, first])] == [BARE, GO]
    store.save("d", 1, Edits(changed={second: replace(MIDDLE, target="1")}, deleted=[third]))
    edited = ids(store)[1]
    assert [row.id for row in store.rows("d", [second, edited, third, fourth])] == [edited, fourth]
    assert [row.id for row in store.rows("d", [second, edited, third], 1)] == [second, third]
    store.create("other", [BARE])
    assert store.rows("other", [first]) == []


def each_revision_has_its_fingerprint(store: DatasetStore) -> None:
    first = store.create("d", ALL)
    second = store.save("d", 1, Edits(added=[Pair("x", "y")]))
    found = [store.fingerprint("d", number) for number in (1, 2, 3)]
    assert found == [first.fingerprint, second.fingerprint, None]


def it_is_known_at_once_which_rows_live(store: DatasetStore) -> None:
    watch = store.watch("d")
    assert watch.look() is None
    store.create("d", ALL)
    first = store.living("d")
    assert watch.look() == (first.dataset_id, 1)
    assert sorted(first.positions, key=first.positions.__getitem__) == ids(store)
    _go, second, third, _umlaut = ids(store)
    store.save("d", 1, Edits(changed={second: replace(MIDDLE, target="1")}, deleted=[third]))
    now = store.living("d")
    assert watch.look() == (now.dataset_id, 2)
    assert (now.dataset_id, now.revision, sorted(now.positions.values())) == (first.dataset_id, 2, [1.0, 2.0, 4.0])
    assert now.positions[ids(store)[1]] == first.positions[second]
    store.delete("d")
    assert watch.look() is None
    store.create("d", [BARE])
    again = watch.look()
    assert again is not None
    assert again != (first.dataset_id, 1)


def what_is_purged_has_never_been(store: DatasetStore) -> None:
    whole = store.create("d", ALL)
    _go, second, third, _umlaut = ids(store)
    better = replace(MIDDLE, prompt="totals = ", target="secret(prices)")
    store.save("d", 1, Edits(changed={second: better}))
    store.save("d", 2, Edits(deleted=[third]))
    edited = ids(store)[1]
    places = store.rows_ever("d", MIDDLE.prompt)
    assert [row.id for row in places] == [second, edited]
    assert [row.id for row in store.rows_ever("d", better.prompt)] == [second, edited]
    store.keep_checkup("d", 3, [Flag(second, "secret", "secret(prices)", True)], {"ready": False})
    with pytest.raises(DatasetError, match="still there"):
        store.purge("d", [second, edited])
    assert store.pairs("d", 1) == ALL
    store.save("d", 3, Edits(deleted=[edited]))
    assert store.purge("d", [second, edited, 10_000]) == 2
    assert store.purge("d", [second, edited]) == 0
    assert store.rows_ever("d", MIDDLE.prompt) == []
    for revision, left in ((1, [GO, BARE, UMLAUT]), (2, [GO, BARE, UMLAUT]), (3, [GO, UMLAUT]), (4, [GO, UMLAUT])):
        assert store.pairs("d", revision) == left
        assert store.page("d", revision=revision).total == len(left)
    assert [(one.added, one.removed) for one in store.revisions("d")] == [(0, 0), (0, 1), (0, 0), (3, 0)]
    assert contents(store.trash("d")) == [BARE]
    assert (store.checkup("d"), store.flags([second])) == (None, {})
    for search in ("secret", "prices", "total"):
        assert store.page("d", wanted=search, revision=2).total == 0
    back = store.restore("d", 1, 4)
    assert store.pairs("d") == [GO, BARE, UMLAUT]
    assert back.fingerprint == store.fingerprint("d", 1) != whole.fingerprint
    # a row that comes later never gets the id of a purged one
    store.save("d", 5, Edits(added=[MIDDLE]))
    assert ids(store)[-1] > edited


def a_dataset_in_the_trash_can_be_purged(store: DatasetStore) -> None:
    store.create("d", [GO, BARE])
    gone, left = ids(store)
    store.delete("d")
    store.create("d", [UMLAUT])
    assert [row.id for row in store.rows_ever("d", GO.prompt)] == [gone]
    assert store.purge("d", [gone]) == 1
    store.rename("d", "e")
    assert store.undelete("d").pair_count == 1
    assert (store.pairs("d"), ids(store)) == ([BARE], [left])


CONTRACT = [
    everything_a_pair_carries_comes_back,
    rows_are_found_by_their_ids_as_they_are_asked_for,
    each_revision_has_its_fingerprint,
    it_is_known_at_once_which_rows_live,
    what_is_purged_has_never_been,
    a_dataset_in_the_trash_can_be_purged,
    filters_find_their_pairs,
    histograms_count_what_is_there,
    deleting_by_filter_moves_to_the_trash_and_back,
    what_is_edited_lies_in_no_trash,
    two_revisions_are_told_apart,
    flags_are_found_and_go_with_their_pairs,
    an_import_shows_only_when_it_is_whole,
    an_import_called_off_leaves_nothing,
]
