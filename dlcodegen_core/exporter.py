"""Takes versions out as files: joins the room `export` with versions, data and embedders."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dlcodegen_core.data.pairs import fingerprint
from dlcodegen_core.data.store import DatasetStore
from dlcodegen_core.errors import DatasetError, EmbeddingError, ModelError, StorageError
from dlcodegen_core.export.formats import FORMATS, certificate_file
from dlcodegen_core.export.timing import SECONDS
from dlcodegen_core.models.saved_model import export_weights, load_sequence, load_start
from dlcodegen_core.registry.versions import VersionStore
from dlcodegen_core.storage.files import write_atomically

if TYPE_CHECKING:
    from dlcodegen_core.export.certifying import Progress
    from dlcodegen_core.export.held_out_inputs import CheckedInputs
    from dlcodegen_core.features.embedders import Embedders
    from dlcodegen_core.models.saved_model import ModelCard
    from dlcodegen_core.training.sequence.source import SequenceSource

# A certificate may go anywhere, so the errors themselves, which name folders and hosts, stay here.
GONE = "what it learned from is gone or has changed"
NO_EMBEDDER = "the embedder it was trained with is not at hand"


class Exporter:
    """Thread-safe, since it holds nothing but its tools."""

    def __init__(
        self,
        versions: VersionStore,
        datasets: Callable[[], DatasetStore],
        embedders: "Callable[[], Embedders]",
        source_of: "Callable[[ModelCard], SequenceSource]",
        timing_seconds: float = SECONDS,
    ) -> None:
        """source_of: what a sequence model learned from; raises DatasetError if that is gone or has changed.

        timing_seconds: how long the networks are timed at each size of batch.
        """
        self._versions = versions
        self._datasets = datasets
        self._embedders = embedders
        self._source_of = source_of
        self._timing_seconds = timing_seconds

    def export(
        self,
        version: str | None,
        file_format: str,
        out: str | Path,
        tell: "Progress" = lambda what, done, total: None,
    ) -> Path:
        """Write a version to a file, in one of `export.formats.FORMATS`; return its path.

        ONNX is checked against PyTorch first, and the certificate written beside the file. Raises ModelError, also if
        the check fails, or StorageError.
        """
        chosen, target = self._versions.resolve(version), Path(out).expanduser()
        if file_format not in FORMATS:
            raise ModelError(f"Models cannot be exported as {file_format!r}. Choose one of: {', '.join(FORMATS)}.")
        if target.is_dir():
            raise StorageError(f"{target} is a folder. Give the name of the file to write.")
        folder = self._versions.folder(chosen)
        if file_format == "bundle":
            return self._versions.export_bundle(chosen, target)
        if not FORMATS[file_format].certified:
            export_weights(folder, file_format, target)
            return target
        from dlcodegen_core.export.certifying import certify

        tell("gathering what it is checked on", 0, 0)
        made = certify(folder, self._inputs(chosen), tell, self._timing_seconds)
        made.certificate.demand()
        write_atomically(target, made.int8 if file_format == "onnx-int8" else made.full)
        made.certificate.save(certificate_file(target))
        return target

    def _inputs(self, version: str) -> "CheckedInputs":
        card = self._versions.card(version)
        return self._sequence_inputs(card, version) if card.is_sequence else self._feature_inputs(card, version)

    def _sequence_inputs(self, card: "ModelCard", version: str) -> "CheckedInputs":
        from dlcodegen_core.export.held_out_inputs import of_files, of_stored_source

        folder = self._versions.folder(version)
        try:
            training, held_out = self._source_of(card).split(card.config.held_out, card.config.seed)
        except DatasetError:
            model = load_sequence(folder)[1]
            return of_stored_source(model.tokenizer, model.source.tokens, GONE)
        tokenizer = load_start(folder).tokenizer
        return of_files(card, tokenizer, [file.text for file in training], [file.text for file in held_out])

    def _feature_inputs(self, card: "ModelCard", version: str) -> "CheckedInputs":
        from dlcodegen_core.export.held_out_inputs import of_pairs, of_the_spread

        folder = self._versions.folder(version)
        if card.dataset_revision is None:
            return of_the_spread(folder, GONE)
        try:
            pairs = self._datasets().pairs(card.dataset, card.dataset_revision)
        except DatasetError:
            return of_the_spread(folder, GONE)
        if fingerprint(pairs) != card.dataset_fingerprint:
            return of_the_spread(folder, GONE)
        try:
            return of_pairs(card, pairs, self._embedders().for_identity(card.embedder, version))
        except EmbeddingError:
            return of_the_spread(folder, NO_EMBEDDER)
