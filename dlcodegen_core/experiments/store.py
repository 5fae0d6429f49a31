"""ExperimentStore: the A/B test that runs and those that ran, in one place for all processes on a database.

A prediction asks it which version to use and gets an answer from memory; it never fails for the database's sake.
"""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from dlcodegen_core.errors import ExperimentError, WorkbenchError
from dlcodegen_core.experiments.assignment import assign, pseudonym
from dlcodegen_core.experiments.plan import check_plan
from dlcodegen_core.experiments.records import (
    BY_ACCEPTED,
    MAX_TEXT_CHARACTERS,
    Arm,
    Chosen,
    Experiment,
    Outcome,
    Results,
    parse_arm,
)
from dlcodegen_core.experiments.results import edit_similarity, summarise
from dlcodegen_core.experiments.rows import outcome_rows, shadow_rows, to_experiment
from dlcodegen_core.experiments.tables import create_tables, experiments, outcomes, shadows
from dlcodegen_core.storage.database import database_errors

logger = logging.getLogger(__name__)

FRESH_SECONDS = 1.0  # how long the running test is believed without another look
REFUSED_SECONDS = 10.0  # and how long after the database refused
MAX_KEY_CHARACTERS = 80
RESULTS_KEPT = 8
NEVER = float("-inf")


class ExperimentStore:
    """Thread-safe. What asks the database raises StorageError if it refuses, unless it says otherwise.

    check: called with a version's name, raises ModelError if it cannot be used; the test that needs it is then ended.
    now: of what is written down. clock: seconds, for how long to believe what was read.
    """

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        check: Callable[[str], object] = lambda version: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._now = now
        self._check = check
        self._clock = clock
        self._lock = threading.RLock()
        self._prepared = False
        self._running: Experiment | None = None
        self._fresh_until = NEVER
        self._results: dict[int, tuple[object, Results]] = {}

    def start(
        self,
        name: str,
        arms: Sequence[Arm],
        shadow: str = "",
        measure: str = BY_ACCEPTED,
        alpha: float = 0.05,
    ) -> Experiment:
        """Begin a test of two versions. Raises ExperimentError if one runs already or the plan cannot be.

        Raises what `check` raises for a version that cannot be used.
        """
        name = name.strip() or " against ".join(arm.version for arm in arms)
        check_plan(name, arms, shadow, measure, alpha)
        for version in (*(arm.version for arm in arms), *filter(None, (shadow,))):
            self._check(version)
        values = {
            "name": name,
            "arms": json.dumps([[arm.version, arm.share] for arm in arms]),
            "shadow": shadow,
            "measure": measure,
            "alpha": alpha,
            "started_at": self._moment(),
            "running": 1,
        }
        with database_errors("The A/B test"):
            try:
                with self._writing() as connection:
                    made = connection.execute(
                        insert(experiments).values(values).returning(experiments.c.id)
                    ).scalar_one()
            except IntegrityError as exc:
                raise ExperimentError("An A/B test is running already. Stop it first; one runs at a time.") from exc
        self._look_again()
        return self.experiment(made)

    def running(self) -> Experiment | None:
        """The test that runs, from memory for up to a second; one whose version cannot be used any more is ended."""
        # While one request looks, others go by what was known, unless nothing is.
        if self._clock() >= self._fresh_until and self._lock.acquire(blocking=self._fresh_until == NEVER):
            try:
                if self._clock() >= self._fresh_until:
                    # Before the look, so that a database that refuses is left alone for a while.
                    self._fresh_until = self._clock() + REFUSED_SECONDS
                    self._running = self._usable(self._read_running())
                    self._fresh_until = self._clock() + FRESH_SECONDS
            finally:
                self._lock.release()
        return self._running

    def choose(self, user: str = "") -> Chosen | None:
        """Which version answers a request of `user`, None while no test runs. Never raises.

        user: a user or a session; each request is dealt by chance without one. While the database refuses, the test
        that was last known goes on.
        """
        try:
            experiment = self.running()
        except WorkbenchError as exc:
            logger.warning("The A/B test could not be looked up: %s", exc)
            experiment = self._running
        if experiment is None:
            return None
        arm = assign(experiment.id, user, [arm.share for arm in experiment.arms])
        return Chosen(experiment.arms[arm].version, experiment.label(arm), experiment.shadow)

    def broken(self, arm: str, problem: str) -> None:
        """End the test of an arm whose version could not answer. Never raises: a prediction goes on without the test.

        problem: what the model's error said.
        """
        try:
            test, _number = parse_arm(arm)
            self._end(test, f"A version could not be used any more. {problem}")
        except WorkbenchError as exc:
            logger.warning("The A/B test could not be ended: %s", exc)

    def record(self, outcome: Outcome) -> bool:
        """Count what a person did with an answer; False if the test is over or has counted this request already.

        Raises ExperimentError if the arm is none of the test's, or its version another one.
        """
        test, number = parse_arm(outcome.arm)
        with database_errors("The outcome of an answer"):
            try:
                with self._writing() as connection:
                    row = connection.execute(select(experiments).where(experiments.c.id == test)).first()
                    experiment = to_experiment(row) if row else None
                    if experiment is None or experiment.arms[number].version != outcome.version:
                        raise ExperimentError(
                            f"Arm {outcome.arm} with version {outcome.version!r} belongs to no A/B test here. "
                            "Send both as they came with the answer."
                        )
                    if not experiment.runs:
                        return False
                    connection.execute(
                        insert(outcomes).values(
                            experiment_id=test,
                            at=self._moment(),
                            arm=number,
                            result=outcome.result,
                            similarity=outcome.similarity,
                            pseudonym=pseudonym(outcome.user),
                            request=_storable(outcome.request, MAX_KEY_CHARACTERS) or None,
                            shadow_similarity=_shadow_similarity(connection, test, outcome),
                            latency_ms=outcome.latency_ms,
                        )
                    )
            except IntegrityError:
                return False  # this request counts already
        return True

    def record_shadow(self, chosen: Chosen, shown: str, shadow: str, latency_ms: float, question: str = "") -> None:
        """Write down what the shadow would have answered, beside what was shown. Never raises; for a background thread.

        question: whatever tells this prompt from others, the same as in the outcome, so that what the person keeps
        can be held against the shadow's answer.
        """
        try:
            test, _number = parse_arm(chosen.arm)
            with database_errors("The shadow's answer"), self._writing() as connection:
                runs = connection.scalar(select(experiments.c.running).where(experiments.c.id == test))
                if runs:
                    connection.execute(
                        insert(shadows).values(
                            experiment_id=test,
                            at=self._moment(),
                            question=_storable(question, MAX_KEY_CHARACTERS),
                            same=shown.rstrip() == shadow.rstrip(),
                            likeness=edit_similarity(shown, shadow),
                            latency_ms=latency_ms,
                            text=_storable(shadow, MAX_TEXT_CHARACTERS),
                        )
                    )
        except WorkbenchError as exc:
            logger.warning("The shadow's answer could not be kept: %s", exc)

    def results(self, test: int) -> Results:
        """What a test tells by now. Raises ExperimentError if there is none of that number."""
        experiment = self.experiment(test)
        with self._reading("The A/B test's results") as connection:
            # What tells these results from any others: the newest rows, and whether it runs.
            newest = (
                experiment.runs,
                connection.scalar(select(func.max(outcomes.c.id)).where(outcomes.c.experiment_id == test)),
                connection.scalar(select(func.max(shadows.c.id)).where(shadows.c.experiment_id == test)),
            )
            kept = self._results.get(test)
            if kept and kept[0] == newest:
                return kept[1]
            made = summarise(experiment, outcome_rows(connection, test), shadow_rows(connection, test))
        with self._lock:
            self._results[test] = (newest, made)
            while len(self._results) > RESULTS_KEPT:
                del self._results[next(iter(self._results))]
        return made

    def stop(self, test: int, because: str = "It was stopped.") -> Experiment:
        """End a test and write down what it found; one that is over stays as it is. Raises ExperimentError."""
        self.experiment(test)
        self._end(test, because)
        return self.experiment(test)

    def experiment(self, test: int) -> Experiment:
        """One test. Raises ExperimentError if there is none of that number."""
        with self._reading("The A/B test") as connection:
            row = connection.execute(select(experiments).where(experiments.c.id == test)).first()
        if row is None:
            raise ExperimentError(f"There is no A/B test {test}. Choose one from the list on the Models page.")
        return to_experiment(row)

    def history(self) -> list[Experiment]:
        """The tests that are over, the latest first."""
        with self._reading("The list of A/B tests") as connection:
            over = select(experiments).where(experiments.c.ended_at.is_not(None)).order_by(experiments.c.id.desc())
            return [to_experiment(row) for row in connection.execute(over)]

    def _read_running(self) -> Experiment | None:
        with self._reading("The A/B test") as connection:
            row = connection.execute(select(experiments).where(experiments.c.running == 1)).first()
        return to_experiment(row) if row else None

    def _usable(self, experiment: Experiment | None) -> Experiment | None:
        """The test if its versions can be used, else it is ended and there is none; without a shadow that cannot."""
        if experiment is None:
            return None
        for arm in experiment.arms:
            if problem := self._problem(arm.version):
                self._end(experiment.id, f"{arm.version} could not be used any more. {problem}")
                return None
        return replace(experiment, shadow="") if self._problem(experiment.shadow) else experiment

    def _problem(self, version: str) -> str:
        """Why a version cannot be used, empty if it can."""
        try:
            if version:
                self._check(version)
        except WorkbenchError as exc:
            return str(exc)
        return ""

    def _end(self, test: int, because: str) -> None:
        conclusion = self.results(test).verdict.sentence
        with database_errors("The A/B test"), self._writing() as connection:
            connection.execute(
                update(experiments)
                .where(experiments.c.id == test, experiments.c.running == 1)
                .values(running=None, ended_at=self._moment(), ended_because=_storable(because), conclusion=conclusion)
            )
            # They were needed only until it was known what people kept.
            connection.execute(update(shadows).where(shadows.c.experiment_id == test).values(text=""))
        self._look_again()

    def _look_again(self) -> None:
        self._fresh_until = NEVER

    @contextlib.contextmanager
    def _reading(self, what: str) -> Iterator[Connection]:
        with database_errors(what):
            self._prepare()
            with self._engine.connect() as connection, connection.begin():
                yield connection

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._prepare()
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def _prepare(self) -> None:
        if not self._prepared:
            create_tables(self._engine)  # does nothing where they are there, so two threads may
            self._prepared = True

    def _moment(self) -> datetime:
        """Now, in UTC and without a zone, as the tables hold it."""
        return self._now().astimezone(UTC).replace(tzinfo=None)


def _shadow_similarity(connection: Connection, test: int, outcome: Outcome) -> float | None:
    """How like the kept text is what the shadow had answered by then; None if it had not, or nothing was kept."""
    if not outcome.kept or not outcome.question:
        return None
    asked = (shadows.c.experiment_id == test) & (shadows.c.question == _storable(outcome.question, MAX_KEY_CHARACTERS))
    answer = connection.scalar(select(shadows.c.text).where(asked).order_by(shadows.c.id.desc()).limit(1))
    return None if answer is None else edit_similarity(answer, _storable(outcome.kept))


def _storable(text: str, most: int = MAX_TEXT_CHARACTERS) -> str:
    """Text as every database takes it: no NUL, which PostgreSQL refuses, and no half characters."""
    return text.replace("\0", "")[:most].encode("utf-8", "replace").decode("utf-8")
