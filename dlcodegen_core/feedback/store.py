"""FeedbackStore: what people and programs said about completions, what it teaches, and how it is forgotten.

An event is a fact of the past and is never edited. What it teaches is a pair of an ordinary stored dataset, which may
be: what stands in the dataset now is what is learned.
"""

import contextlib
import hashlib
import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.data.store.purging import wipe_log
from dlcodegen_core.errors import FeedbackMissing, RequestError
from dlcodegen_core.feedback import FEEDBACK_DATASET, tables
from dlcodegen_core.feedback.lessons import Lessons
from dlcodegen_core.feedback.memory import CorrectionMemory, Lesson
from dlcodegen_core.feedback.records import (
    ACCEPTED,
    EDITED,
    MAX_ID,
    REJECTED,
    Feedback,
    FeedbackEvent,
    pair_fingerprint,
)
from dlcodegen_core.feedback.retention import MAX_LATER_CHARACTERS, share_kept
from dlcodegen_core.feedback.statistics import Statistics, statistics
from dlcodegen_core.feedback.tables import events
from dlcodegen_core.storage.database import database_errors

LEAST_RETENTION = 0.5
REFUSALS = 1_000
MAX_LATER_SECONDS = 10 * 365 * 86_400.0
KINDS = {ACCEPTED: "accepted", EDITED: "corrected"}  # of pairs, as the Dataset page shows and filters them
WHAT = "The feedback"


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What goes when something is forgotten: all that was said about one prompt, and its pair with all its history.

    fingerprints: of all pairs that the prompt ever had; see `learned.learned_by` for versions that know them.
    """

    event_ids: tuple[int, ...]
    row_ids: tuple[int, ...]
    fingerprints: tuple[str, ...]
    digests: tuple[str, ...]


class FeedbackStore:
    """Thread-safe, and safe with other processes on the same database.

    All raises StorageError if the database refuses, and what names an event FeedbackMissing if there is none.
    memory: of what was taught, for predictions.
    """

    def __init__(
        self, engine: Engine, datasets: DatasetStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._datasets = datasets
        self._now = now
        self._prepared = False
        self._preparing = threading.Lock()
        self.memory = CorrectionMemory(datasets, refusals=self._refusals)
        self._lessons = Lessons(datasets, self.memory)

    def record(self, feedback: Feedback) -> FeedbackEvent:
        """Keep a feedback and learn from it: the same prompt is answered with what was kept from now on.

        A rejection takes out a pair that taught exactly this. Raises DatasetError for what can be no pair.
        """
        with self._writing() as connection:  # first, so that nothing is taught that no event tells of
            values = _values(feedback, self._now())
            event_id = connection.scalar(insert(events).values(values).returning(events.c.id))
        assert event_id is not None
        if feedback.outcome == REJECTED:
            self._lessons.take_out(feedback.text, feedback.completion)
            self.memory.renew_refusals()
            return self.event(event_id)
        try:
            dataset_id, position = self._lessons.teach(feedback.text, feedback.kept, KINDS[feedback.outcome])
        except BaseException:
            self._remove(event_id)
            raise
        with self._writing() as connection:
            taught = {"dataset_id": dataset_id, "position": position}
            connection.execute(update(events).where(events.c.id == event_id).values(taught))
        return self.event(event_id)

    def event(self, event_id: int) -> FeedbackEvent:
        """One event."""
        with self._reading() as connection:
            return _event(_row(connection, event_id))

    def events(
        self, outcome: str | None = None, version: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[FeedbackEvent]:
        """The latest events first, of one outcome or version if given; `before`: only older ones than this id."""
        query = select(events).order_by(events.c.id.desc()).limit(limit)
        if outcome is not None:
            query = query.where(events.c.outcome == outcome)
        if version is not None:
            query = query.where(events.c.version == version)
        if before is not None:
            query = query.where(events.c.id < before)
        with self._reading() as connection:
            return [_event(row) for row in connection.execute(query)]

    def statistics(self) -> Statistics:
        """What was said, counted by version and by day."""
        with self._reading() as connection:
            return statistics(connection)

    def lesson(self, event: FeedbackEvent) -> Lesson | None:
        """The living pair on an event's prompt, whatever it teaches by now."""
        return self.memory.lesson(event.text) if not event.forgotten else None

    def note_later(self, event_id: int, text_now: str, seconds: float) -> FeedbackEvent:
        """Tell what the text around an accepted or edited completion is `seconds` later; only the share that is still
        there is kept. Of an accepted one that was thrown away by then, the pair is taken out again.

        Raises RequestError for a rejected one, a forgotten one, or a text that is too long.
        """
        event = self.event(event_id)
        if event.outcome == REJECTED:
            raise RequestError(f"Feedback {event_id} is a rejection: nothing of it can still be there.")
        if event.forgotten:
            raise RequestError(f"Feedback {event_id} was forgotten, so there is nothing to compare with.")
        _check_later(text_now, seconds)
        retention = share_kept(event.text, event.kept, text_now)
        with self._writing() as connection:
            noted = {"retention": retention, "retention_seconds": float(seconds)}
            connection.execute(update(events).where(events.c.id == event_id).values(noted))
        later = self.event(event_id)
        if not _teaches(later):
            self._lessons.take_out(event.text, event.kept)
        return later

    def undo(self, event_id: int) -> None:
        """Take an event back as if it had not been said; the prompt is answered as the event before it taught.

        Its texts stay in the dataset's history; `forget` takes them out for good.
        """
        event = self.event(event_id)
        self._remove(event_id)
        self.memory.renew_refusals()
        with self._reading() as connection:
            same = select(events).where(events.c.prompt_digest == _digest(event.text)).order_by(events.c.id.desc())
            others = [_event(row) for row in connection.execute(same)]
        before = others[0] if others else None
        if before is not None and before.id > event_id:
            return  # something newer was said, which stays
        if before is not None and _teaches(before):
            self._lessons.teach(before.text, before.kept, KINDS[before.outcome])
        elif event.outcome != REJECTED:
            self._lessons.take_out(event.text, event.kept)

    def about_to_forget(self, event_id: int | None = None, row_id: int | None = None) -> Forgetting:
        """What `forget` would take out. Raises FeedbackMissing if there is neither such an event nor such a pair."""
        if event_id is not None:
            prompt = self.event(event_id).text
        elif (lesson := self.memory.lesson_of(row_id or 0)) is not None:
            prompt = lesson.prompt
        else:
            raise FeedbackMissing(f"{FEEDBACK_DATASET} has no pair {row_id} any more. There is nothing to forget.")
        rows = self._datasets.rows_ever(FEEDBACK_DATASET, prompt) if prompt else []
        # a person may have edited the prompt of the pair: what was said about each of its wordings goes
        digests = tuple(sorted({_digest(prompt), *(_digest(row.pair.prompt) for row in rows)})) if prompt else ()
        with self._reading() as connection:
            ids = connection.scalars(select(events.c.id).where(events.c.prompt_digest.in_(digests))).all()
        said = tuple(sorted(ids)) or ((event_id,) if event_id is not None else ())
        fingerprints = tuple(sorted({pair_fingerprint(row.pair.prompt, row.pair.target) for row in rows}))
        return Forgetting(said, tuple(row.id for row in rows), fingerprints, digests)

    def forget(self, event_id: int | None = None, row_id: int | None = None) -> Forgetting:
        """Forget for good what `about_to_forget` tells: the pair, its history, and the texts of all its events.

        Figures stay: that something was accepted, when and how fast. The next prediction does without it.
        """
        plan = self.about_to_forget(event_id, row_id)
        with self._writing() as connection:
            blank = {"prompt": "", "context": "[]", "completion": "", "correction": "", "prompt_digest": ""}
            wanted = events.c.id.in_(plan.event_ids) | (
                events.c.prompt_digest.in_(plan.digests) & (events.c.prompt_digest != "")
            )
            connection.execute(update(events).where(wanted).values({**blank, "forgotten": True}))
        self.memory.renew_refusals()
        if not self._lessons.forget(plan.row_ids) and self._engine.dialect.name == "sqlite":
            wipe_log(self._engine)  # there was no pair whose purging had done it
        return plan

    def _refusals(self) -> list[tuple[str, str]]:
        """Taught completions that were rejected where they were offered, the latest ones."""
        wanted = (events.c.outcome == REJECTED) & events.c.taught_by.is_not(None) & ~events.c.forgotten
        latest = select(events).where(wanted).order_by(events.c.id.desc()).limit(REFUSALS)
        with self._reading() as connection:
            rejected = [_event(row) for row in connection.execute(latest)]
        return [(event.text, event.completion) for event in rejected if event.completion.strip()]

    def _remove(self, event_id: int) -> None:
        with self._writing() as connection:
            connection.execute(delete(events).where(events.c.id == event_id))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with database_errors(WHAT):
            self._prepare()
            with self._engine.connect() as connection, connection.begin():
                yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with database_errors(WHAT):
            self._prepare()
            with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                yield connection

    def _prepare(self) -> None:
        if not self._prepared:
            with self._preparing:
                if not self._prepared:
                    tables.create_tables(self._engine)
                    self._prepared = True


def _teaches(event: FeedbackEvent) -> bool:
    """Whether its pair should be there, going by this event alone."""
    thrown_away = event.outcome == ACCEPTED and event.retention is not None and event.retention < LEAST_RETENTION
    return event.outcome != REJECTED and not thrown_away


def _row(connection: Connection, event_id: int) -> Row[Any]:
    known = 0 < event_id < MAX_ID
    found = connection.execute(select(events).where(events.c.id == event_id)).first() if known else None
    if found is None:
        newest = connection.scalar(select(func.max(events.c.id)))
        raise FeedbackMissing(
            f"There is no feedback {event_id}. " + (f"The newest is {newest}." if newest else "None yet.")
        )
    return found


def _values(feedback: Feedback, now: datetime) -> dict[str, Any]:
    similarity = None
    if feedback.outcome != REJECTED:
        similarity = fuzz.ratio(feedback.completion, feedback.kept) / 100
    return {
        "at": now.astimezone(UTC).replace(tzinfo=None),
        "outcome": feedback.outcome,
        "prompt": feedback.prompt,
        "context": json.dumps(feedback.context, ensure_ascii=False),
        "completion": feedback.completion,
        "correction": feedback.correction,
        "version": feedback.version,
        "arm": feedback.arm,
        "user_name": feedback.user,
        "latency_ms": feedback.latency_ms,
        "source": feedback.source,
        "taught_by": feedback.taught_by,
        "similarity": similarity,
        "prompt_digest": _digest(feedback.text),
    }


def _event(row: Row[Any]) -> FeedbackEvent:
    return FeedbackEvent(
        row.id, row.at.replace(tzinfo=UTC), row.outcome, row.prompt, tuple(json.loads(row.context)), row.completion,
        row.correction, row.version, row.arm, row.user_name, row.latency_ms, row.source, row.taught_by,
        row.similarity, row.retention, row.retention_seconds, row.dataset_id, row.position, row.forgotten,
    )  # fmt: skip


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _check_later(text_now: object, seconds: object) -> None:
    if not isinstance(text_now, str):
        raise RequestError(f"The text is {type(text_now).__name__}. Send the code around the completion as it is now.")
    if len(text_now) > MAX_LATER_CHARACTERS:
        raise RequestError(
            f"The text has {len(text_now):,} characters; at most {MAX_LATER_CHARACTERS:,} are read. "
            "Send only what stands around the completion."
        )
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not math.isfinite(seconds)
        or not 0 <= seconds <= MAX_LATER_SECONDS
    ):
        raise RequestError(f"seconds is {seconds!r}. Use how long ago the completion was kept, in seconds.")
