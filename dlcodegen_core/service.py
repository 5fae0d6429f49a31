"""The façade that pages, command line and HTTP talk to. It joins the rooms and holds no logic of its own.

Light to import and to make: the embedder's weights are loaded when something first needs them, and torch only in the
process that trains.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dlcodegen_core import outbound
from dlcodegen_core.config import Settings, TrainConfig
from dlcodegen_core.data.formats import read_dataset_file
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import (
    DatasetError,
    EmbeddingError,
    TrainingCancelled,
    TrainingError,
    WorkbenchError,
)
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.storage.memory_cache import CacheStats
from dlcodegen_core.training.events import Discarded, Event, Failed, Finished, Started, TrainMetrics, Waiting
from dlcodegen_core.training.job import JobFolder, JobStatus, TrainRequest
from dlcodegen_core.training.jobs import JobQueue

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dlcodegen_core.answers import Answers
    from dlcodegen_core.data.source_files import SourceReading
    from dlcodegen_core.evaluator import Evaluator
    from dlcodegen_core.experiments import ExperimentStore
    from dlcodegen_core.explainer import Explainer
    from dlcodegen_core.features.embedders import Embedders
    from dlcodegen_core.feedback.store import FeedbackStore
    from dlcodegen_core.inference.prediction import Prediction
    from dlcodegen_core.inference.predictor import Predictor
    from dlcodegen_core.inference.request_log import RequestLog
    from dlcodegen_core.story.store import StoryStore
    from dlcodegen_core.tasks.runner import TaskRunner
    from dlcodegen_core.training.search.records import SearchRecord, SearchStore
    from dlcodegen_core.workshop import DatasetWorkshop

logger = logging.getLogger(__name__)

FOLLOW_SECONDS = 0.05
STATUS_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Status:
    """The embedder a new training would use, and why. embedder_problem is empty while all is well."""

    embedder: str
    embedder_note: str
    embedder_problem: str


class DLCodeGen:
    """Datasets, trainings, versions and predictions of one home folder; thread-safe."""

    _instance: "DLCodeGen | None" = None
    _instance_lock = threading.Lock()

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()
        outbound.watch(self.settings)
        self.versions = VersionStore(self.settings.versions_folder)
        # Also before anything was asked here: a cache that processes share may hold answers of it.
        self.versions.on_gone.append(lambda version: self.predictor.forget(version))
        self.jobs = JobQueue(self.settings, on_end=self._after_training)
        self._lock = threading.RLock()
        self._warm = False
        self._last_status: Status | None = None
        self._status_asked_at = -STATUS_SECONDS

    @classmethod
    def get_instance(cls) -> "DLCodeGen":
        """The one instance of this process, made from the environment on first use."""
        if cls._instance is None:
            with cls._instance_lock:
                if cls._instance is None:
                    cls._instance = cls()
        return cls._instance

    @cached_property
    def datasets(self) -> DatasetStore:
        """The stored datasets. Raises StorageError if the database cannot be opened."""
        with self._lock:
            return DatasetStore(self._database)

    @cached_property
    def feedback(self) -> "FeedbackStore":
        """What people said of answers, and what they taught. Raises StorageError as `datasets` does."""
        from dlcodegen_core.feedback.store import FeedbackStore

        with self._lock:
            return FeedbackStore(self._database, self.datasets)

    @cached_property
    def experiments(self) -> "ExperimentStore":
        """The A/B tests. Raises StorageError as `datasets` does."""
        from dlcodegen_core.experiments import ExperimentStore

        with self._lock:
            return ExperimentStore(self._database, check=self.versions.card)

    @cached_property
    def answers(self) -> "Answers":
        """From a question to an answer, and to what becomes of it."""
        from dlcodegen_core.answers import Answers

        with self._lock:
            return Answers(lambda: self.predictor, lambda: self.feedback, lambda: self.experiments, self.requests)

    @cached_property
    def _database(self) -> "Engine":
        """One pool of connections for all that is stored."""
        from dlcodegen_core.storage.database import open_database

        with self._lock:
            return open_database(self.settings.database_url)

    @cached_property
    def workshop(self) -> "DatasetWorkshop":
        """Brings datasets in, examines, maps and writes them. Raises StorageError as `datasets` does."""
        from dlcodegen_core.workshop import DatasetWorkshop

        return DatasetWorkshop(self.settings, self.datasets, lambda: self.embedders)

    @cached_property
    def embedders(self) -> "Embedders":
        """Ollama and the local embedder behind the shared cache."""
        from dlcodegen_core.features.embedders import Embedders

        return Embedders(self.settings)

    @cached_property
    def requests(self) -> "RequestLog":
        """Latencies of the latest requests."""
        from dlcodegen_core.inference.request_log import RequestLog

        return RequestLog()

    @cached_property
    def predictor(self) -> "Predictor":
        """What answers predictions."""
        from dlcodegen_core.inference.prediction_cache import open_prediction_cache
        from dlcodegen_core.inference.predictor import Predictor

        with self._lock:
            cache = open_prediction_cache(self.settings.redis_url)
            return Predictor(self.versions, self.embedders, cache, runtime=self.settings.runtime)

    def ensure_demo_datasets(self) -> None:
        """Make the two demo datasets at the first launch. Raises DatasetError or StorageError."""
        from dlcodegen_core.data.demo import ensure_demo_datasets

        with self._lock:
            ensure_demo_datasets(self.datasets)

    def status(self) -> Status:
        """What is used and what is degraded; asks Ollama at most every 20 s and may wait for it."""
        try:
            choice = self.embedders.choice()
        except EmbeddingError as exc:
            self._last_status = Status("none", "", str(exc))
        else:
            self._last_status = Status(choice.title, choice.note, "")
        return self._last_status

    def last_status(self) -> Status | None:
        """The status as last found out, None before the first time; a stale one is renewed in the background."""
        if time.monotonic() - self._status_asked_at > STATUS_SECONDS:
            self._status_asked_at = time.monotonic()
            threading.Thread(target=self.status, name="status", daemon=True).start()
        return self._last_status

    def start_training(self, dataset: str, config: TrainConfig, name: str = "", revision: int | None = None) -> str:
        """Queue a training on a stored dataset, at its newest revision if None; return the job's id.

        Raises DatasetError if there is no such dataset, StorageError if the job cannot be written down.
        """
        chosen = revision or self.datasets.info(dataset).revision
        return self.jobs.submit(TrainRequest(dataset, chosen, config, name))

    def read_folder(self, path: str | Path) -> "SourceReading":
        """What a training on this folder would read, and what it would skip and why. Raises DatasetError."""
        from dlcodegen_core.data.intake import read_folder

        return read_folder(Path(path).expanduser().absolute())

    def start_folder_training(self, path: str | Path, config: TrainConfig, name: str = "") -> str:
        """Queue a training of a sequence model on a folder of source; return the job's id. Raises DatasetError."""
        if config.model != "sequence":
            raise DatasetError(f"{path} is a folder. DeepCodeNet learns from pairs; choose the sequence model for it.")
        folder = Path(path).expanduser().absolute()
        self.read_folder(folder)  # a folder without source is refused here, in the caller's own call
        return self.jobs.submit(TrainRequest(folder.name, None, config, name, str(folder)))

    def start_tuning(self, version: str | None = None, name: str = "") -> str:
        """Queue a fine-tuning of a version, the one that answers if None, on what was taught; the job's id.

        What answers now is production from here on, so that the new version has to earn its place. Raises ModelError
        or DatasetError if there is nothing to tune or nothing was taught, StorageError if it cannot be written down.
        """
        from dlcodegen_core.feedback import FEEDBACK_DATASET
        from dlcodegen_core.registry.tuned_versions import pin_production
        from dlcodegen_core.training.tuning.request import tuning_request

        parent = self.versions.card(self.versions.resolve(version))
        if not len(self.feedback.memory):
            raise DatasetError("Nothing was taught yet. Accept or correct completions on the Predict page first.")
        request = tuning_request(parent, FEEDBACK_DATASET, self.datasets.info(FEEDBACK_DATASET).revision, name)
        pin_production(self.versions)
        return self.jobs.submit(request)

    @cached_property
    def searches(self) -> "SearchStore":
        """The searches for settings that were made."""
        from dlcodegen_core.training.search.records import SearchStore

        return SearchStore(self.settings.searches_folder)

    def start_search(self, dataset: str, seconds: float, first: TrainConfig) -> str:
        """Search for settings of DeepCodeNet on a stored dataset in the background; the search's id.

        first: the settings that the others are told against. Raises DatasetError, StorageError, or WorkbenchError
        while too much else is at work.
        """
        from dlcodegen_core.tasks.kinds import SEARCH
        from dlcodegen_core.training.search.records import SearchRecord

        record = SearchRecord.begin(dataset, self.datasets.info(dataset).revision, seconds, first)
        self.searches.save(record)
        self.tasks.start(SEARCH, record.id, {"search": record.id})
        return record.id

    def run_search(self, search_id: str, tell: "Callable[[str, int, int], None]") -> "SearchRecord":
        """Make a search that was begun, here and now. Raises WorkbenchError."""
        from dlcodegen_core.training.search.run import run_search

        record = self.searches.load(search_id)
        if record is None:
            raise TrainingError(f"There is no search {search_id!r}. Start one on the Models page.")
        pairs = self.datasets.pairs(record.dataset, record.revision)
        return run_search(pairs, record, self.embedders.for_training(), self.searches, tell)

    def train(
        self,
        path: str | Path,
        config: TrainConfig | None = None,
        name: str = "",
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> TrainMetrics:
        """Train on a dataset file, a folder of source, or the stored dataset of that name, and wait for the result.

        on_event hears of every step. Ctrl+C stops the training and keeps what it has learned. Raises WorkbenchError.
        """
        job_id = self._submit(path, config or TrainConfig(), name)
        return self.follow(job_id, on_event)

    def follow(self, job_id: str, on_event: Callable[[Event], None] = lambda event: None) -> TrainMetrics:
        """Wait for a job's end, passing on its events. Raises TrainingError if it ends without a version."""
        folder, heard, asked_to_stop = self.jobs.folder(job_id), 0, False
        while True:
            try:
                over = self.jobs.status(job_id).is_over
                events = folder.events()
                for event in events[heard:]:
                    on_event(event)
                heard = len(events)
                if over:
                    return self._outcome(job_id, folder)
                time.sleep(FOLLOW_SECONDS)
            except KeyboardInterrupt:
                self.jobs.discard(job_id) if asked_to_stop else self.jobs.stop(job_id)
                asked_to_stop = True

    def predict(
        self,
        prompt: str,
        context: Sequence[str] = (),
        max_tokens: int = 1,
        beams: int = 4,
        stop: Sequence[str] = (),
        version: str | None = None,
        language: str | None = None,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
        length_penalty: float | None = None,
        suffix: str = "",
        min_confidence: float = 0.0,
        cancelled: "Callable[[], bool] | None" = None,
        user: str = "",
    ) -> "Prediction":
        """Complete `prompt`, given lines of context, with the version in production unless one is named.

        While an A/B test runs it deals the version, the same one to the same `user`. The options are those of
        PredictionRequest. `cancelled` is asked between tokens; after a yes the answer is
        what was found so far. Raises RequestError, ModelError or EmbeddingError, each saying what to do.
        """
        from dlcodegen_core.inference.prediction import PredictionRequest

        request = PredictionRequest.of(
            prompt, context, max_tokens=max_tokens, beams=beams, stop=stop, language=language, temperature=temperature,
            top_k=top_k, top_p=top_p, seed=seed, length_penalty=length_penalty, suffix=suffix,
            min_confidence=min_confidence,
        )  # fmt: skip
        return self.answers.predict(request, version, user, cancelled or (lambda: False))

    def clear_prediction_cache(self) -> None:
        """Forget all cached predictions."""
        self.predictor.clear_cache()

    def get_cache_stats(self) -> CacheStats:
        """size, max_size, hits, misses and evictions of the prediction cache."""
        return self.predictor.cache_stats()

    @cached_property
    def explainer(self) -> "Explainer":
        """Why a model said what it said."""
        from dlcodegen_core.explainer import Explainer

        return Explainer(self.settings, self.versions, lambda: self.predictor)

    @cached_property
    def evaluator(self) -> "Evaluator":
        """How good a version is."""
        from dlcodegen_core.evaluator import Evaluator

        return Evaluator(
            self.settings, self.versions, lambda: self.datasets, lambda: self.predictor, lambda: self.embedders
        )

    @cached_property
    def stories(self) -> "StoryStore":
        """The saved stories of versions, which need nothing else to be shown."""
        from dlcodegen_core.story.store import StoryStore

        return StoryStore(self.settings.home / "stories")

    @cached_property
    def tasks(self) -> "TaskRunner":
        """Imports, examinations and reports, each in a process of its own."""
        from dlcodegen_core.tasks.runner import TaskRunner

        with self._lock:
            return TaskRunner(self.settings)

    def export(
        self,
        version: str | None,
        file_format: str,
        out: str | Path,
        tell: "Callable[[str, int, int], None]" = lambda what, done, total: None,
    ) -> Path:
        """Write a version to a file in one of `export.formats.FORMATS`; ONNX gets a certificate beside it.

        tell: hears how far it is. Raises ModelError, also if an ONNX file fails its check, or StorageError.
        """
        from dlcodegen_core.exporter import Exporter

        exporter = Exporter(self.versions, lambda: self.datasets, lambda: self.embedders, self.evaluator.source_of)
        return exporter.export(version, file_format, out, tell)

    def warm_up(self) -> None:
        """Serve well: the newest model in memory, now and after each training, and trainings in the background."""
        self._warm = True
        self.jobs.in_background = True
        self.versions.tidy()
        self.settle_tunings()  # some may have ended while no workbench was open
        self.predictor.warm_up()
        self.feedback.memory.refresh()

    def close(self) -> None:
        """Suspend a running training, to be resumed later, and close what is open."""
        self.jobs.close()
        if "tasks" in self.__dict__:
            self.tasks.close()
        if "answers" in self.__dict__:
            self.answers.close()
        if "predictor" in self.__dict__:
            self.predictor.close()
        if "embedders" in self.__dict__:  # made on first use, so there may be none
            self.embedders.close()

    def _after_training(self) -> None:
        """Put a fine-tuned version in its place, and have the model that answers ready before somebody asks it."""
        self.settle_tunings()
        if self._warm:
            try:
                self.predictor.warm_up()
            except WorkbenchError as exc:
                logger.warning("The newest model could not be loaded: %s", exc)

    def settle_tunings(self) -> None:
        """Put every fine-tuned version that is done in its place; does nothing where that was done already."""
        from dlcodegen_core.registry.tuned_versions import settle_tunings

        try:
            settle_tunings(self.versions, self.jobs.jobs())
        except WorkbenchError as exc:
            logger.warning("What a fine-tuning made could not be put in its place: %s", exc)

    def _submit(self, path: str | Path, config: TrainConfig, name: str) -> str:
        if self.datasets.is_stored(path):
            return self.start_training(str(path), config, name)
        file = Path(path).expanduser()
        if file.is_dir():
            return self.start_folder_training(file, config, name)
        read_dataset_file(file)  # a bad file is refused here, in the caller's own call
        return self.jobs.submit(TrainRequest(file.stem, None, config, name), file)

    def _outcome(self, job_id: str, folder: JobFolder) -> TrainMetrics:
        for event in reversed(folder.events()):
            if isinstance(event, Finished):
                return event.metrics
            if isinstance(event, Failed):
                raise TrainingError(event.message)
            if isinstance(event, Started | Waiting | Discarded):
                break  # what comes before is how an earlier run of the job ended
        if self.jobs.status(job_id) is JobStatus.DISCARDED:
            raise TrainingCancelled("The training was discarded; nothing was kept.")
        reason = self.jobs.last_words(job_id) or "The training was interrupted. Resume it on the Train page."
        raise TrainingError(reason)
