"""The memory of corrections: answers a prompt with what people taught for it, at once and without a model.

What it knows is the newest revision of one stored dataset, whoever changed it: each question looks first which one
that is. Prompts are kept backwards, so that those which agree
longest with a text before the cursor stand beside each other.
"""

import bisect
import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import DatasetError, StorageError
from dlcodegen_core.features.request_text import MAX_TEXT_CHARACTERS
from dlcodegen_core.feedback import FEEDBACK_DATASET
from dlcodegen_core.feedback.places import (
    LEAST_VISIBLE,
    common_beginning,
    place_of,
    places_along,
    visible_characters,
)

logger = logging.getLogger(__name__)

LONGEST_TYPED = 400  # characters of a taught text that a person may have typed along it
NEIGHBOURS = 64  # lessons of one place that are weighed, the most agreeing ones
EXACT_CONFIDENCE = 0.99
LEAST_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class Lesson:
    """A living pair of the dataset. backwards: its prompt, last character first."""

    row_id: int
    position: float
    backwards: str
    target: str

    @property
    def prompt(self) -> str:
        return self.backwards[::-1]


@dataclass(frozen=True, slots=True)
class Taught:
    """What was taught for a text, and how far that can be trusted.

    text: what is left of it. lesson: the pair that taught it. agreement: characters before the cursor that are the
    same. exact: the lesson's whole prompt stands there, and nothing before it. agreeing, disagreeing: of the pairs
    taught where as many lines are the same, how many would say this, it included, and how many would not.
    """

    text: str
    lesson: Lesson
    agreement: int
    exact: bool
    agreeing: int
    disagreeing: int

    @property
    def confidence(self) -> float:
        """Nearly sure where exactly this was taught; else the share that agrees, with one more doubt on each side."""
        if self.exact:
            return EXACT_CONFIDENCE
        return (self.agreeing + 1) / (self.agreeing + self.disagreeing + 2)


class CorrectionMemory:
    """Thread-safe. Where the database refuses, it goes on with what it knows."""

    def __init__(
        self,
        datasets: DatasetStore,
        name: str = FEEDBACK_DATASET,
        refusals: Callable[[], Iterable[tuple[str, str]]] = tuple,
    ) -> None:
        """refusals: gives what was offered for a text and is not wanted there; read once, see `renew_refusals`."""
        self._datasets = datasets
        self._name = name
        self._watch = datasets.watch(name)
        self._lock = threading.Lock()
        self._refusals = refusals
        self._refused: dict[bytes, list[str]] | None = None
        self._seen: tuple[int, int] | None = None  # dataset and revision
        self._forget_all()

    def __len__(self) -> int:
        with self._lock:
            self._look()
            return len(self._lessons)

    def find(self, text: str) -> Taught | None:
        """What was taught for a text before the cursor, None if nothing was or the lessons contradict each other.

        What was taught in another place and rejected in this one is not offered here again.

        Asked for are, in this order: the longest agreement, the prompt itself before one that was typed along, the
        newest.
        """
        with self._lock:
            self._look()
            if not self._lessons:
                return None
            text = text[-MAX_TEXT_CHARACTERS:]
            found = max(self._candidates(text), key=_rank, default=None)
            if found is None or found.confidence < LEAST_CONFIDENCE or self._is_refused(text, found):
                return None
        return found

    def lesson(self, prompt: str) -> Lesson | None:
        """The newest lesson on exactly this prompt."""
        with self._lock:
            self._look()
            return self._exact(prompt)

    def lesson_now(self, prompt: str) -> tuple[tuple[int, int] | None, Lesson | None]:
        """The dataset's id and revision, and the lesson on exactly this prompt there. Raises StorageError."""
        with self._lock:  # one look for both: between two, somebody else may save
            self._learn(self._watch.look())
            return self._seen, self._exact(prompt)

    def lesson_of(self, row_id: int) -> Lesson | None:
        """The lesson of a row, None if it is no living one."""
        with self._lock:
            self._look()
            return self._lessons.get(row_id)

    def refresh(self) -> tuple[int, int] | None:
        """Learn at once what other processes changed; the dataset's id and revision. Raises StorageError."""
        with self._lock:
            self._learn(self._watch.look())
            return self._seen

    def renew_refusals(self) -> None:
        """Read again what is refused, at the next question."""
        with self._lock:
            self._refused = None

    def _is_refused(self, text: str, found: Taught) -> bool:
        refused = self._refused.get(_digest(text), ()) if self._refused and not found.exact else ()
        return any(found.text.startswith(offered) for offered in refused)  # a line of it may have been offered

    def _candidates(self, text: str) -> Iterator[Taught]:
        backwards: str | None = None
        for typed, place in places_along(text, self._longest):
            if not (bucket := self._places.get(place)):
                continue
            if backwards is None:
                backwards = text[::-1]
            if taught := _best(bucket, place, text, backwards, typed):
                yield taught

    def _exact(self, prompt: str) -> Lesson | None:
        rows = self._prompts.get(_digest(prompt))
        return self._lessons[max(rows)] if rows else None

    def _look(self) -> None:
        """Learn what has changed since the last question."""
        try:
            self._learn(self._watch.look())
            if self._refused is None:
                refused: dict[bytes, list[str]] = {}
                for text, offered in self._refusals():
                    refused.setdefault(_digest(text), []).append(offered)
                self._refused = refused
        except StorageError as exc:
            logger.warning("The taught completions cannot be read, those known go on answering: %s", exc)

    def _learn(self, newest: tuple[int, int] | None) -> None:
        if newest == self._seen:
            return
        if newest is None or self._seen is None or newest[0] != self._seen[0]:
            self._forget_all()
        self._seen = None
        if newest is None:
            return
        try:
            living = self._datasets.living(self._name)
            self._seen = (living.dataset_id, living.revision)
            for row_id in self._lessons.keys() - living.positions.keys():
                self._forget(row_id)
            # Of this very revision: somebody else may have saved the next one by now.
            new = sorted(living.positions.keys() - self._lessons.keys())
            for row in self._datasets.rows(self._name, new, living.revision):
                pair = row.pair
                self._add(Lesson(row.id, living.positions[row.id], pair.prompt[::-1], pair.target))
        except DatasetError:  # deleted meanwhile
            self._forget_all()

    def _forget_all(self) -> None:
        self._lessons: dict[int, Lesson] = {}
        self._prompts: dict[bytes, set[int]] = {}
        self._places: dict[str, list[Lesson]] = {}
        self._longest = 0

    def _add(self, lesson: Lesson) -> None:
        self._lessons[lesson.row_id] = lesson
        self._prompts.setdefault(_digest(lesson.prompt), set()).add(lesson.row_id)
        bisect.insort(self._places.setdefault(place_of(lesson.prompt), []), lesson, key=_order)
        self._longest = max(self._longest, min(len(lesson.target) - 1, LONGEST_TYPED))

    def _forget(self, row_id: int) -> None:
        lesson = self._lessons.pop(row_id)
        digest, place = _digest(lesson.prompt), place_of(lesson.prompt)
        self._prompts[digest].remove(row_id)
        if not self._prompts[digest]:
            del self._prompts[digest]
        self._places[place].remove(lesson)
        if not self._places[place]:
            del self._places[place]


def _best(bucket: list[Lesson], place: str, text: str, backwards: str, typed: int) -> Taught | None:
    """The lesson of a place that goes on with what was typed since, and agrees longest with what stands before."""
    before, since = backwards[typed:], text[len(text) - typed :]
    weighed: list[tuple[int, Lesson]] = []
    for lesson in _nearest(bucket, before):
        if len(lesson.target) > typed and lesson.target.startswith(since):
            weighed.append((common_beginning(before, lesson.backwards), lesson))
    if not weighed:
        return None
    # A longer prompt may agree as far as the text goes; the one that is no longer than it was taught for exactly this.
    exact_length = len(before)
    agreement, lesson = max(weighed, key=lambda one: (one[0], len(one[1].backwards) == exact_length, one[1].row_id))
    exact = agreement == exact_length == len(lesson.backwards)
    if not exact and visible_characters(place) < LEAST_VISIBLE:
        return None
    lines = _lines(agreement, lesson)
    there = [other for agrees, other in weighed if _lines(agrees, other) >= lines]
    agreeing = sum(other.target == lesson.target for other in there)
    return Taught(lesson.target[typed:], lesson, agreement + typed, exact, agreeing, len(there) - agreeing)


def _lines(agreement: int, lesson: Lesson) -> int:
    """How many lines before the cursor are the same as the lesson's, the first of its prompt included."""
    return lesson.backwards.count("\n", 0, agreement) + (agreement == len(lesson.backwards))


def _nearest(bucket: list[Lesson], before: str) -> list[Lesson]:
    """Of lessons in the order of their prompts from the end, those around where `before` would stand."""
    if len(bucket) <= NEIGHBOURS:
        return bucket
    middle = bisect.bisect_left(bucket, before, key=lambda lesson: lesson.backwards)
    first = max(0, min(middle - NEIGHBOURS // 2, len(bucket) - NEIGHBOURS))
    return bucket[first : first + NEIGHBOURS]


def _rank(taught: Taught) -> tuple[int, bool, int, int]:
    return taught.agreement, taught.exact, -len(taught.lesson.target) + len(taught.text), taught.lesson.row_id


def _order(lesson: Lesson) -> tuple[str, int]:
    return lesson.backwards, lesson.row_id


def _digest(prompt: str) -> bytes:
    return hashlib.blake2b(prompt.encode(), digest_size=16).digest()
