"""The pairs that feedback teaches, in a stored dataset that people can read, edit and undo like any other.

One pair a prompt: what is taught anew takes the place of what was taught before, as an edit.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.errors import DatasetError, EditConflict
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.memory import CorrectionMemory

ORIGIN = "feedback"
TRIES = 20  # each lost one is somebody else's that was saved

Result = TypeVar("Result")


class Lessons:
    """Teaches and takes back; thread-safe, and safe with other processes. The memory hears of it at once."""

    def __init__(self, datasets: DatasetStore, memory: CorrectionMemory) -> None:
        self._datasets = datasets
        self._memory = memory

    def teach(self, prompt: str, target: str, kind: str) -> tuple[int, float]:
        """Have this prompt go on with `target`; the dataset and the position of its pair.

        Raises DatasetError for texts that can be no pair.
        """
        self._again(lambda: self._teach(Pair(prompt, target, kind=kind)))
        head, lesson = self._memory.lesson_now(prompt)
        if head is None or lesson is None:
            raise DatasetError(f"{FEEDBACK_DATASET}: somebody took the pair out again at this very moment. Try again.")
        return head[0], lesson.position

    def take_out(self, prompt: str, target: str | None = None) -> bool:
        """Stop teaching this prompt, if it is this target that is taught; whether there was anything to take out."""
        return self._again(lambda: self._take_out(prompt, target))

    def forget(self, row_ids: Collection[int]) -> int:
        """Take these rows out if they live, and blank all of them for good; how many there were."""
        self._again(lambda: self._end(set(row_ids), "forgotten"))
        blanked = self._datasets.purge(FEEDBACK_DATASET, row_ids)
        self._memory.refresh()
        return blanked

    def _teach(self, pair: Pair) -> None:
        head, lesson = self._memory.lesson_now(pair.prompt)
        if head is None:
            self._datasets.create(FEEDBACK_DATASET, [pair], origin=ORIGIN, note="made by the first feedback")
            return
        if lesson is None:
            self._datasets.save(FEEDBACK_DATASET, head[1], Edits(added=[pair]), "taught")
        elif lesson.target != pair.target:
            self._datasets.save(FEEDBACK_DATASET, head[1], Edits(changed={lesson.row_id: pair}), "taught anew")

    def _take_out(self, prompt: str, target: str | None) -> bool:
        _head, lesson = self._memory.lesson_now(prompt)
        if lesson is None or (target is not None and lesson.target != target):
            return False
        return self._end({lesson.row_id}, "no longer taught")

    def _end(self, row_ids: set[int], note: str) -> bool:
        """End those of the rows that live; whether any does."""
        if self._memory.refresh() is None:
            return False
        found = self._datasets.living(FEEDBACK_DATASET)
        living = found.positions.keys()
        going = row_ids & living
        if going == living:  # no dataset is empty: without its last pair it goes to the trash
            self._datasets.delete(FEEDBACK_DATASET)
        elif going:
            self._datasets.save(FEEDBACK_DATASET, found.revision, Edits(deleted=going), note)
        self._memory.refresh()
        return bool(going)

    def _again(self, change: Callable[[], Result]) -> Result:
        """Try anew on what somebody else has saved meanwhile."""
        for left in range(TRIES, 0, -1):
            try:
                return change()
            except EditConflict:
                if left == 1:
                    raise
            except DatasetError:
                # made or deleted by somebody else between our look and our turn; if not, it is the pair's own fault
                if left <= TRIES - 2:
                    raise
        raise AssertionError
