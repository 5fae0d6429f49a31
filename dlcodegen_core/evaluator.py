"""How good a version is: joins the room `evaluation` with versions, data and the loaded models."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlcodegen_core.config import Settings
from dlcodegen_core.data.formats import read_dataset_file
from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import DatasetError, ModelError
from dlcodegen_core.registry.versions import VersionStore

if TYPE_CHECKING:
    from dlcodegen_core.evaluation.sequence_evaluation import SequenceEvaluation
    from dlcodegen_core.evaluation.token_metrics import Evaluation
    from dlcodegen_core.evaluation.version_report import ReportProgress, VersionReport
    from dlcodegen_core.features.embedders import Embedders
    from dlcodegen_core.features.embedding import Progress
    from dlcodegen_core.inference.predictor import Predictor
    from dlcodegen_core.models.saved_model import ModelCard
    from dlcodegen_core.training.sequence.source import SequenceSource


class Evaluator:
    """Thread-safe, since it holds nothing but its tools."""

    def __init__(
        self,
        settings: Settings,
        versions: VersionStore,
        datasets: Callable[[], DatasetStore],
        predictor: "Callable[[], Predictor]",
        embedders: "Callable[[], Embedders]",
    ) -> None:
        self._settings = settings
        self._versions = versions
        self._datasets = datasets
        self._predictor = predictor
        self._embedders = embedders

    def evaluate(
        self, path: str | Path, version: str | None = None, progress: "Progress | None" = None
    ) -> "Evaluation | SequenceEvaluation":
        """Measure a version on a dataset file, a stored dataset or, a sequence model, a folder of source.

        version: None for the one that answers. Raises WorkbenchError.
        """
        from dlcodegen_core.evaluation.token_metrics import evaluate_version

        model = self._predictor().model(self._versions.resolve(version))
        if not model.card.is_sequence:
            return evaluate_version(model, self._pairs(path), progress)  # type: ignore[arg-type]  # not a sequence model
        from dlcodegen_core.data.intake import read_folder
        from dlcodegen_core.data.pair_texts import texts_of_pairs
        from dlcodegen_core.evaluation.sequence_evaluation import evaluate_sequence

        folder = Path(path).expanduser().absolute()
        files = read_folder(folder).files if folder.is_dir() else texts_of_pairs(self._pairs(path))
        return evaluate_sequence(model, files)  # type: ignore[arg-type]  # a sequence model

    def report_file(self, version: str) -> Path:
        """Where a version's report is kept."""
        return self._settings.reports_folder / f"{version}.json"

    def report(self, version: str) -> "VersionReport | None":
        """The report that was made of a version, None if there is none yet. Raises StorageError if it is damaged."""
        from dlcodegen_core.evaluation.version_report import VersionReport

        file = self.report_file(version)
        return VersionReport.load(file) if file.exists() else None

    def make_report(
        self,
        version: str,
        progress: "ReportProgress",
        cases: int | None = None,
        tokens: int | None = None,
        beside: Sequence[str] = (),
    ) -> "VersionReport":
        """Measure a sequence model against all baselines on its own held-out files; a minute or two.

        cases: lines put to every system. tokens: of held-out text that are judged. beside: other versions to put to
        the same lines, besides the base model.

        Raises DatasetError if its source is gone or nothing was held out, ModelError for another kind of model.
        """
        from dlcodegen_core.evaluation.version_report import CASES, TOKENS, make_report
        from dlcodegen_core.models import base_model

        card = self._versions.card(version)
        if not card.is_sequence:
            raise ModelError(f"{version} is a DeepCodeNet, which completes no lines. It is one of the baselines.")
        if version == base_model.NAME:
            raise ModelError(
                "The base model has learned nothing of yours to be measured on. Train a model of your own."
            )
        training, held_out = self.source_of(card).split(card.config.held_out, card.config.seed)
        predictor = self._predictor()
        names = [*([base_model.NAME] if base_model.is_there() else []), *beside]
        others = [predictor.model(self._versions.resolve(name)) for name in names]
        report = make_report(
            predictor.model(version),  # type: ignore[arg-type]  # a sequence model, as its card says
            training,
            held_out,
            self._embedders().for_training(),
            self._settings.ollama_host,
            progress,
            cases or CASES,
            tokens or TOKENS,
            others,  # type: ignore[arg-type]  # sequence models
        )
        report.save(self.report_file(version))
        return report

    def source_of(self, card: "ModelCard") -> "SequenceSource":
        """What a sequence model learned from, as it was then. Raises DatasetError if it is gone or has changed."""
        from dlcodegen_core.training.sources import folder_source, pairs_source

        if card.source_folder:
            source = folder_source(Path(card.source_folder), card.dataset)
        elif card.dataset_revision is not None:
            pairs = self._datasets().pairs(card.dataset, card.dataset_revision)
            source = pairs_source(pairs, card.dataset, card.dataset_revision)
        else:
            raise DatasetError(
                f"{card.version} was trained on a file that is not kept. Import it as a dataset and train."
            )
        if source.fingerprint != card.dataset_fingerprint:
            raise DatasetError(
                f"The source of {card.version} has changed since it was trained, so its held-out files can no longer "
                "be told. Train it again, then measure it."
            )
        return source

    def _pairs(self, path: str | Path) -> list[Pair]:
        if self._datasets().is_stored(path):
            return self._datasets().pairs(str(path))
        return read_dataset_file(Path(path).expanduser())
