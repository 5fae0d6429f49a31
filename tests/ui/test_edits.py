"""Unsaved changes, without any widget."""

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import PairRow
from pages._shared.edits import PendingEdits

ROW = PairRow(7, 1, Pair("a", "b", "python", "file.py", 3))


def test_a_change_keeps_where_the_pair_came_from():
    pending = PendingEdits("d", 1)
    pending.change(ROW, "a", "c", "python")
    assert pending.to_edits().changed == {7: Pair("a", "c", "python", "file.py", 3)}


def test_changing_back_is_no_change():
    pending = PendingEdits("d", 1)
    pending.change(ROW, "a", "c", "python")
    pending.change(ROW, "a", "b", "python")
    assert len(pending) == 0


def test_deleting_a_changed_row_leaves_only_the_deletion():
    pending = PendingEdits("d", 1)
    pending.change(ROW, "a", "c", "python")
    pending.delete([7])
    assert pending.told() == "1 deleted"
    assert pending.shown(ROW) == (ROW.pair, "deleted")


def test_another_language_is_a_change_and_a_deletion_can_be_taken_back():
    pending = PendingEdits("d", 1)
    pending.change(ROW, "a", "b", "go")
    assert pending.to_edits().changed == {7: Pair("a", "b", "go", "file.py", 3)}
    pending.delete([7])
    pending.keep(7)
    assert len(pending) == 0
